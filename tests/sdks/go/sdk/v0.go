//go:build v0

package sdk

import (
	"context"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

type (
	Context        = dbos.DBOSContext
	ScheduledInput = time.Time
)

func NewContext(ctx context.Context, config dbos.Config) (Context, error) {
	return dbos.NewDBOSContext(ctx, config)
}

// RegisterScheduled runs a workflow every second where it is scheduled, in this process alone.
func RegisterScheduled(ctx Context, workflow dbos.Workflow[ScheduledInput, any], isScheduled bool) {
	var options []dbos.WorkflowRegistrationOption
	if isScheduled {
		options = append(options, dbos.WithSchedule("* * * * * *"))
	}
	dbos.RegisterWorkflow(ctx, workflow, options...)
}

func ApplySchedule(Context, string, dbos.Workflow[ScheduledInput, any]) error {
	return nil
}

func WithQueue(_ Context, name string) (dbos.WorkflowOption, error) {
	return dbos.WithQueue(name), nil
}

func Debouncer[P any](
	ctx Context, workflow dbos.Workflow[P, string],
) (func(Context, string, time.Duration, P) (string, error), error) {
	debouncer := dbos.NewDebouncer(ctx, workflow)
	return func(ctx Context, key string, delay time.Duration, input P) (string, error) {
		handle, err := debouncer.Debounce(ctx, key, delay, input)
		if err != nil {
			return "", err
		}
		return handle.GetWorkflowID(), nil
	}, nil
}

func EnqueueByClient(
	config dbos.ClientConfig, _, queue, workflow string, input any, options ...dbos.EnqueueOption,
) error {
	client, err := dbos.NewClient(context.Background(), config)
	if err != nil {
		return err
	}
	defer client.Shutdown(time.Second)
	_, err = dbos.Enqueue[any, any](client, queue, workflow, input, options...)
	return err
}

func Retries(times int, interval time.Duration) []dbos.StepOption {
	return []dbos.StepOption{
		dbos.WithStepMaxRetries(times),
		dbos.WithBaseInterval(interval),
		dbos.WithMaxInterval(interval),
		dbos.WithBackoffFactor(1),
	}
}

// Shutdown logs where work outlasts the timeout.
func Shutdown(ctx Context, timeout time.Duration) error {
	dbos.Shutdown(ctx, timeout)
	return nil
}
