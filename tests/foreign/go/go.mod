module swapc.test/foreign

go 1.24
