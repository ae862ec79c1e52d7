// The client of the HTTP benchmark on Go's net/http: 64 goroutines that fetch one after the other.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

const concurrency = 64

func cpuNs() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	count, _ := strconv.Atoi(os.Args[2])
	runs, _ := strconv.Atoi(os.Args[3])
	url := "http://127.0.0.1:" + os.Args[1] + "/user"
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: concurrency, DisableCompression: true}}
	for run := 0; run < runs; run++ {
		started := cpuNs()
		left := int64(count)
		var all sync.WaitGroup
		for i := 0; i < concurrency; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for atomic.AddInt64(&left, -1) >= 0 {
					response, err := client.Get(url)
					if err != nil {
						panic(err)
					}
					body, err := io.ReadAll(response.Body)
					response.Body.Close()
					if err != nil || len(body) != 1024 {
						panic("another body")
					}
				}
			}()
		}
		all.Wait()
		fmt.Printf("%.1f\n", float64(cpuNs()-started)/float64(count))
	}
}
