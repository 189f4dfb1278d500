//go:build !v0

// Package sdk has what the releases of the SDK name differently. The build tag v0 is for releases before 1.0,
// before1_5 and before1_8 for those that lack what these brought.
package sdk

import (
	"context"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

type (
	Context        = dbos.Context
	ScheduledInput = dbos.ScheduledWorkflowInput
)

func NewContext(ctx context.Context, config dbos.Config) (Context, error) {
	return dbos.NewContext(ctx, config)
}

// RegisterScheduled registers a workflow in any case: a process takes scheduled work that it does not know, too.
func RegisterScheduled(ctx Context, workflow dbos.Workflow[ScheduledInput, any], _ bool) {
	dbos.RegisterWorkflow(ctx, workflow)
}

// ApplySchedule runs a registered workflow every second. The schedule is a row, which every process of the application
// obeys.
func ApplySchedule(ctx Context, name string, workflow dbos.Workflow[ScheduledInput, any]) error {
	spec := dbos.ScheduleSpec{ScheduleName: name, Schedule: "* * * * * *", Workflow: dbos.ScheduledWorkflowFunc(workflow)}
	return dbos.ApplySchedules(ctx, []dbos.ScheduleSpec{spec})
}

func WithQueue(ctx Context, name string) (dbos.WorkflowOption, error) {
	queue, err := dbos.RetrieveQueue(ctx, name)
	return dbos.WithQueue(queue), err
}

// Debouncer returns what debounces a registered workflow and returns the id of the workflow that will run.
func Debouncer[P any](
	ctx Context, workflow dbos.Workflow[P, string],
) (func(Context, string, time.Duration, P) (string, error), error) {
	debouncer, err := dbos.NewDebouncer(ctx, workflow)
	return func(ctx Context, key string, delay time.Duration, input P) (string, error) {
		handle, err := debouncer.Debounce(ctx, key, delay, input)
		if err != nil {
			return "", err
		}
		return handle.GetWorkflowID(), nil
	}, err
}

func EnqueueByClient(
	config dbos.ClientConfig, application, queue, workflow string, input any, options ...dbos.EnqueueOption,
) error {
	config.AppName = application
	client, err := dbos.NewClient(context.Background(), config)
	if err != nil {
		return err
	}
	defer dbos.Shutdown(client, time.Second)
	_, err = dbos.Enqueue[any](client, queue, workflow, input, options...)
	return err
}

func Retries(times int, interval time.Duration) []dbos.StepOption {
	return []dbos.StepOption{
		dbos.WithStepMaxRetries(times),
		dbos.WithStepBaseInterval(interval),
		dbos.WithStepMaxInterval(interval),
		dbos.WithStepBackoffFactor(1),
	}
}

// Shutdown returns an error where work outlasts the timeout.
func Shutdown(ctx Context, timeout time.Duration) error {
	return dbos.Shutdown(ctx, timeout)
}
