package orders

import (
	"sync"
	"time"

	"example.com/shop/sdk"
	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

var (
	released = gates{open: map[string]chan struct{}{}}
	app      sdk.Context
	blue     = &Shop{Name: "blue"}
	green    = &Shop{Name: "green"}
	desk     = &Desk{}
)

// Start starts a workflow, or enqueues it.
type Start func(ctx sdk.Context, order Order, options ...dbos.WorkflowOption) error

// Register registers all workflows and returns how each is started, by its name in tests/sdks/protocol.ts. The two
// instances are `instanceHeld/blue` and `instanceHeld/green`.
func Register(ctx sdk.Context) map[string]Start {
	app = ctx
	return map[string]Start{
		"short":              register(ctx, Short),
		"held":               register(ctx, Held),
		"sleepFirst":         register(ctx, SleepFirst),
		"sleepAfterStep":     register(ctx, SleepAfterStep),
		"sleepAfterChild":    register(ctx, SleepAfterChild),
		"sleepAfterPatch":    register(ctx, SleepAfterPatch),
		"receiveFirst":       register(ctx, ReceiveFirst[string]),
		"receiveAfterStep":   register(ctx, ReceiveAfterStep),
		"eventFirst":         register(ctx, EventFirst),
		"eventAfterStep":     register(ctx, EventAfterStep),
		"parent":             register(ctx, Parent),
		"retrying":           register(ctx, Retrying),
		"race":               register(ctx, Race),
		"classHeld":          register(ctx, desk.Held),
		"instanceHeld/blue":  registerInstance(ctx, blue),
		"instanceHeld/green": registerInstance(ctx, green),
	}
}

func register(ctx sdk.Context, workflow dbos.Workflow[Order, string]) Start {
	dbos.RegisterWorkflow(ctx, workflow)
	return func(ctx sdk.Context, order Order, options ...dbos.WorkflowOption) error {
		_, err := dbos.RunWorkflow(ctx, workflow, order, options...)
		return err
	}
}

func registerInstance(ctx sdk.Context, shop *Shop) Start {
	dbos.RegisterWorkflow(ctx, shop.Held, dbos.WithInstance(shop))
	return func(ctx sdk.Context, order Order, options ...dbos.WorkflowOption) error {
		_, err := dbos.RunWorkflow(ctx, shop.Held, order, append(options, dbos.WithRunInstance(shop))...)
		return err
	}
}

// Release lets the step of a workflow end that runs in this process, or is still to run in it.
func Release(id string) {
	released.pass(id)
}

func untilFirstStep(id string) error {
	for {
		steps, err := dbos.GetWorkflowSteps(app, id)
		if err != nil || len(steps) > 0 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// gates has a gate per workflow id, made when either side first asks for it.
type gates struct {
	mutex sync.Mutex
	open  map[string]chan struct{}
}

func (gates *gates) of(id string) chan struct{} {
	gates.mutex.Lock()
	defer gates.mutex.Unlock()
	gate, known := gates.open[id]
	if !known {
		gate = make(chan struct{})
		gates.open[id] = gate
	}
	return gate
}

func (gates *gates) wait(id string) (string, error) {
	<-gates.of(id)
	return "done", nil
}

func (gates *gates) pass(id string) {
	gate := gates.of(id)
	gates.mutex.Lock()
	defer gates.mutex.Unlock()
	select {
	case <-gate:
	default:
		close(gate)
	}
}
