// hot_swap replaces a module while goroutines call it, and loses no call.
//
//	hot_swap BUNDLE SECOND OPERATION PAYLOAD
//
// Callers pin the slot's current generation for each call; whatever is published meanwhile, the call runs on
// what it pinned. Each answer is counted for the generation that gave it.
package main

/*
#cgo pkg-config: swapc
#include <stdlib.h>
#include <swapc/swapc.h>

// What is a macro or an inline function in C has no name in Go.
static swapc_error no_error(void) { return (swapc_error)SWAPC_ERROR_INIT; }
static swapc_reply no_reply(void) { return (swapc_reply)SWAPC_REPLY_INIT; }
static swapc_swap_report no_report(void) { return (swapc_swap_report)SWAPC_SWAP_REPORT_INIT; }
static const char *text_of(const swapc_error *error) { return error->text; }

// The bytes are borrowed for the call, as cgo lends them.
static enum swapc_status call(const swapc_pin *pin, const void *operation, size_t operation_len,
                              const void *payload, size_t payload_len, swapc_reply *reply, swapc_error *error) {
    return swapc_pin_call(pin, swapc_bytes_of(operation, operation_len), swapc_bytes_of(payload, payload_len),
                          NULL, reply, error);
}
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

const (
	callers = 4
	swaps   = 20
)

// Error is what the library reported: the status to act on, and the sentence for people.
type Error struct {
	Status string
	Text   string
}

func (e *Error) Error() string { return fmt.Sprintf("%s [%s]", e.Text, e.Status) }

func failed(status C.enum_swapc_status, report *C.swapc_error) error {
	if status == C.SWAPC_OK {
		return nil
	}
	return &Error{C.GoString(C.swapc_status_name(status)), C.GoString(C.text_of(report))}
}

// Slot is a place where the current module of one purpose serves.
type Slot struct {
	host *C.swapc_host
	slot *C.swapc_slot
}

func NewSlot(name string) (*Slot, error) {
	s, report, cName := &Slot{}, C.no_error(), C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	if err := failed(C.swapc_host_new(nil, &s.host, &report), &report); err != nil {
		return nil, err
	}
	if err := failed(C.swapc_slot_new(cName, &s.slot, &report), &report); err != nil {
		C.swapc_host_free(s.host)
		return nil, err
	}
	return s, nil
}

func (s *Slot) Close() {
	C.swapc_slot_free(s.slot)
	C.swapc_host_free(s.host)
}

// Swap loads, checks and self-tests the bundle while the old module serves, then publishes it. A failure
// changes nothing.
func (s *Slot) Swap(bundle string) (generation uint64, err error) {
	cBundle, report, errors := C.CString(bundle), C.no_report(), C.no_error()
	defer C.free(unsafe.Pointer(cBundle))
	status := C.swapc_slot_swap(s.slot, s.host, cBundle, nil, &report, &errors)
	return uint64(report.generation), failed(status, &errors)
}

// Caller makes calls for one goroutine; its reply's storage is used again by each.
type Caller struct {
	slot  *Slot
	reply C.swapc_reply
}

func (s *Slot) NewCaller() *Caller { return &Caller{s, C.no_reply()} }

func (c *Caller) Close() { C.swapc_reply_fini(&c.reply) }

// address is where the bytes are, for the length of a call into C.
func address(bytes []byte) unsafe.Pointer {
	if len(bytes) == 0 {
		return nil
	}
	return unsafe.Pointer(&bytes[0])
}

// Call runs the operation on the generation that is current now. The answer is a copy.
func (c *Caller) Call(operation string, payload []byte) (answer []byte, generation uint64, err error) {
	var pin C.swapc_pin
	report, name := C.no_error(), []byte(operation)
	if err := failed(C.swapc_slot_pin(c.slot.slot, &pin), &report); err != nil {
		return nil, 0, err
	}
	defer C.swapc_pin_release(&pin)
	status := C.call(&pin, address(name), C.size_t(len(name)),
		address(payload), C.size_t(len(payload)), &c.reply, &report)
	if err := failed(status, &report); err != nil {
		return nil, uint64(pin.generation), err
	}
	return C.GoBytes(unsafe.Pointer(c.reply.body.ptr), C.int(c.reply.body.len)), uint64(pin.generation), nil
}

func run(first, second, operation, payload string) error {
	slot, err := NewSlot(operation)
	if err != nil {
		return err
	}
	defer slot.Close()
	if _, err := slot.Swap(first); err != nil {
		return err
	}
	var calls, answered atomic.Uint64
	var stop atomic.Bool
	var all sync.WaitGroup
	var lock sync.Mutex
	answers := map[string]uint64{}
	for i := 0; i < callers; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			caller := slot.NewCaller()
			defer caller.Close()
			for !stop.Load() {
				calls.Add(1)
				answer, generation, err := caller.Call(operation, []byte(payload))
				if err != nil {
					fmt.Fprintln(os.Stderr, "hot_swap:", err)
					continue
				}
				answered.Add(1)
				lock.Lock()
				answers[fmt.Sprintf("%s module: %s", []string{"second", "first"}[generation%2], answer)]++
				lock.Unlock()
			}
		}()
	}
	for i := 0; i < swaps; i++ {
		before := answered.Load()
		if _, err := slot.Swap([]string{second, first}[i%2]); err != nil {
			return err
		}
		for answered.Load() < before+100 {
		}
	}
	stop.Store(true)
	all.Wait()
	for answer := range answers {
		fmt.Println(answer)
	}
	fmt.Printf("%d swaps, %d calls, %d lost\n", swaps, calls.Load(), calls.Load()-answered.Load())
	return nil
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: hot_swap BUNDLE SECOND OPERATION PAYLOAD")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "hot_swap:", err)
		os.Exit(1)
	}
}
