module swapc.example/hot_swap

go 1.19
