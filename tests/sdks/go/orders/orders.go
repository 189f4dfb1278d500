// Package orders has the workflows that tests/sdks/protocol.ts describes, written as a Go user writes them.
package orders

import (
	"context"
	"errors"
	"time"

	"example.com/shop/sdk"
	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

// FinishTopic is the topic of messages and the key of events that workflows wait for.
const FinishTopic = "finish"

// Order is the input of every workflow.
type Order struct {
	Millis int
}

func (order Order) pause() time.Duration {
	return time.Duration(order.Millis) * time.Millisecond
}

func Short(_ sdk.Context, _ Order) (string, error) {
	return "done", nil
}

func Held(ctx sdk.Context, _ Order) (string, error) {
	return work(ctx)
}

func SleepFirst(ctx sdk.Context, order Order) (string, error) {
	return sleep(ctx, order)
}

func SleepAfterStep(ctx sdk.Context, order Order) (string, error) {
	if err := prepare(ctx); err != nil {
		return "", err
	}
	return sleep(ctx, order)
}

func SleepAfterChild(ctx sdk.Context, order Order) (string, error) {
	child, err := dbos.RunWorkflow(ctx, Short, Order{})
	if err != nil {
		return "", err
	}
	if _, err := child.GetResult(); err != nil {
		return "", err
	}
	return sleep(ctx, order)
}

func SleepAfterPatch(ctx sdk.Context, order Order) (string, error) {
	if _, err := dbos.Patch(ctx, "cheaper"); err != nil {
		return "", err
	}
	return sleep(ctx, order)
}

// ReceiveFirst is generic: DBOS appends the types of input and result to its name.
func ReceiveFirst[R any](ctx sdk.Context, order Order) (R, error) {
	return dbos.Recv[R](ctx, FinishTopic, order.pause())
}

func ReceiveAfterStep(ctx sdk.Context, order Order) (string, error) {
	if err := prepare(ctx); err != nil {
		return "", err
	}
	return dbos.Recv[string](ctx, FinishTopic, order.pause())
}

func EventFirst(ctx sdk.Context, order Order) (string, error) {
	return awaitEvent(ctx, order)
}

func EventAfterStep(ctx sdk.Context, order Order) (string, error) {
	if err := prepare(ctx); err != nil {
		return "", err
	}
	return awaitEvent(ctx, order)
}

func Parent(ctx sdk.Context, _ Order) (string, error) {
	id, err := dbos.GetWorkflowID(ctx)
	if err != nil {
		return "", err
	}
	child, err := dbos.RunWorkflow(ctx, Held, Order{}, dbos.WithWorkflowID(id+"-child"))
	if err != nil {
		return "", err
	}
	return child.GetResult()
}

func Retrying(ctx sdk.Context, order Order) (string, error) {
	fail := func(context.Context) (string, error) { return "", errors.New("the supplier does not answer") }
	return dbos.RunAsStep(ctx, fail, append(sdk.Retries(10, order.pause()), dbos.WithStepName("call"))...)
}

// Race sleeps in a goroutine of its own. The row of the sleep is written before the step is made.
func Race(ctx sdk.Context, order Order) (string, error) {
	id, err := dbos.GetWorkflowID(ctx)
	if err != nil {
		return "", err
	}
	slept := make(chan error, 1)
	go func() {
		_, err := dbos.Sleep(ctx, order.pause())
		slept <- err
	}()
	if err := untilFirstStep(id); err != nil {
		return "", err
	}
	worked, err := dbos.Go(ctx, func(context.Context) (string, error) { return released.wait(id) }, dbos.WithStepName("work"))
	if err != nil {
		return "", err
	}
	select {
	case err := <-slept:
		return "slept", err
	case outcome := <-worked:
		return outcome.Result, outcome.Err
	}
}

// Tick is run by a schedule.
func Tick(_ sdk.Context, _ sdk.ScheduledInput) (any, error) {
	return "done", nil
}

// Shop is a configured instance: its name is in the column config_name.
type Shop struct {
	Name string
}

func (shop *Shop) ConfigName() string {
	return shop.Name
}

func (shop *Shop) Held(ctx sdk.Context, _ Order) (string, error) {
	return work(ctx)
}

// Desk has a workflow as a method too, but no configuration.
type Desk struct{}

func (desk *Desk) Held(ctx sdk.Context, _ Order) (string, error) {
	return work(ctx)
}

func work(ctx sdk.Context) (string, error) {
	id, err := dbos.GetWorkflowID(ctx)
	if err != nil {
		return "", err
	}
	return dbos.RunAsStep(ctx, func(context.Context) (string, error) { return released.wait(id) }, dbos.WithStepName("work"))
}

func prepare(ctx sdk.Context) error {
	_, err := dbos.RunAsStep(ctx, func(context.Context) (string, error) { return "ready", nil }, dbos.WithStepName("prepare"))
	return err
}

func sleep(ctx sdk.Context, order Order) (string, error) {
	_, err := dbos.Sleep(ctx, order.pause())
	return "slept", err
}

func awaitEvent(ctx sdk.Context, order Order) (string, error) {
	id, err := dbos.GetWorkflowID(ctx)
	if err != nil {
		return "", err
	}
	return dbos.GetEvent[string](ctx, id+"-source", FinishTopic, order.pause())
}
