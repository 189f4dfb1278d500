// A DBOS application that a test drives, as tests/sdks/protocol.ts describes: one JSON object per line.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

const answerPrefix = "@answer "

type request struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

var output sync.Mutex

func main() {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			os.Exit(0)
		}
		var call request
		if err := json.Unmarshal(line, &call); err != nil {
			fmt.Fprintln(os.Stderr, "not a call:", err)
			continue
		}
		go func() {
			value, err := perform(call)
			answer(call.ID, value, err)
			if call.Method == "shutdown" && err == nil {
				os.Exit(0)
			}
		}()
	}
}

func perform(call request) (value any, err error) {
	// The SDK panics where a registration is wrong.
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	method, known := methods[call.Method]
	if !known {
		return nil, errors.New("unsupported: there is no method " + call.Method)
	}
	return method(call.Params)
}

func answer(id int, value any, err error) {
	fields := map[string]any{"id": id, "value": value}
	if err != nil {
		fields = map[string]any{"id": id, "error": err.Error()}
	}
	text, _ := json.Marshal(fields)
	output.Lock()
	defer output.Unlock()
	fmt.Println(answerPrefix + string(text))
}
