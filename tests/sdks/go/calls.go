package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"example.com/shop/orders"
	"example.com/shop/sdk"
	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

const shutdownTimeout = 2 * time.Second

// Logs must not mix with the answers on standard output.
var logger = slog.New(slog.NewTextHandler(os.Stderr, nil))

type application struct {
	name     string
	ctx      sdk.Context
	workflow map[string]orders.Start
	debounce func(key string, delay time.Duration) (string, error)
}

var launched *application

var methods = map[string]func(json.RawMessage) (any, error){
	"launch":          call(launch),
	"start":           call(start),
	"enqueueByClient": call(enqueueByClient),
	"release":         call(release),
	"send":            call(send),
	"debounce":        call(debounce),
	"cancel":          call(cancel),
	"resume":          call(resume),
	"fork":            call(fork),
	"rewind":          call(rewind),
	"setLatest":       call(setLatest),
	"shutdown":        call(shutdown),
}

func call[P any](method func(P) (any, error)) func(json.RawMessage) (any, error) {
	return func(text json.RawMessage) (any, error) {
		var params P
		if err := json.Unmarshal(text, &params); err != nil {
			return nil, err
		}
		return method(params)
	}
}

func app() *application {
	if launched == nil {
		panic("the application is not launched")
	}
	return launched
}

func queueName(application, kind string) string {
	return application + "-" + kind
}

func millis(number int) time.Duration {
	return time.Duration(number) * time.Millisecond
}

type launchParams struct {
	Application, Version, Executor, URL string
	Scheduled                           bool
}

func launch(params launchParams) (any, error) {
	ctx, err := sdk.NewContext(context.Background(), dbos.Config{
		AppName:            params.Application,
		DatabaseURL:        params.URL,
		ApplicationVersion: params.Version,
		ExecutorID:         params.Executor,
		// Older releases patch only with this setting, which also replaces the default version.
		EnablePatching:           sdk.PatchesBySetting && params.Version != "",
		SchedulerPollingInterval: 100 * time.Millisecond,
		Logger:                   logger,
	})
	if err != nil {
		return nil, err
	}
	starts := orders.Register(ctx)
	sdk.RegisterScheduled(ctx, orders.Tick, params.Scheduled)
	debounce, err := sdk.Debouncer(ctx, orders.Short)
	if err != nil {
		return nil, err
	}
	if err := dbos.Launch(ctx); err != nil {
		return nil, err
	}
	if err := registerQueues(ctx, params.Application); err != nil {
		return nil, err
	}
	if params.Scheduled {
		if err := sdk.ApplySchedule(ctx, params.Application+"-tick", orders.Tick); err != nil {
			return nil, err
		}
	}
	launched = &application{
		name:     params.Application,
		ctx:      ctx,
		workflow: starts,
		debounce: func(key string, delay time.Duration) (string, error) {
			return debounce(ctx, key, delay, orders.Order{})
		},
	}
	return nil, nil
}

func registerQueues(ctx sdk.Context, application string) error {
	kinds := map[string][]dbos.QueueOption{
		"serial":      {dbos.WithGlobalConcurrency(1)},
		"parallel":    {},
		"partitioned": sdk.OneOfEachPartition,
	}
	for kind, options := range kinds {
		polling := dbos.WithQueueBasePollingInterval(millis(100))
		if _, err := dbos.RegisterQueue(ctx, queueName(application, kind), append(options, polling)...); err != nil {
			return err
		}
	}
	return nil
}

type startParams struct {
	Workflow, ID, Instance, Queue, Partition string
	Millis, DelayMillis, TimeoutMillis       int
}

func start(params startParams) (any, error) {
	name := params.Workflow
	if params.Instance != "" {
		name += "/" + params.Instance
	}
	workflow, known := app().workflow[name]
	if !known {
		return nil, errors.New("unsupported: there is no workflow " + name)
	}
	ctx := app().ctx
	if params.TimeoutMillis > 0 {
		// To call the cancel function would cancel the workflow.
		ctx, _ = dbos.WithTimeout(ctx, millis(params.TimeoutMillis))
	}
	options := []dbos.WorkflowOption{dbos.WithWorkflowID(params.ID)}
	if params.Queue != "" {
		queue, err := sdk.WithQueue(ctx, queueName(app().name, params.Queue))
		if err != nil {
			return nil, err
		}
		options = append(options, queue)
	}
	if params.Partition != "" {
		options = append(options, dbos.WithQueuePartitionKey(params.Partition))
	}
	if params.DelayMillis > 0 {
		options = append(options, dbos.WithDelay(millis(params.DelayMillis)))
	}
	return nil, workflow(ctx, orders.Order{Millis: params.Millis}, options...)
}

type enqueueParams struct {
	Workflow, ID, Queue, Version, Application, URL string
}

func enqueueByClient(params enqueueParams) (any, error) {
	names := map[string]string{"short": "example.com/shop/orders.Short", "held": "example.com/shop/orders.Held"}
	name, known := names[params.Workflow]
	if !known {
		return nil, fmt.Errorf("unsupported: the client does not enqueue %s", params.Workflow)
	}
	options := []dbos.EnqueueOption{dbos.WithEnqueueWorkflowID(params.ID)}
	if params.Version != "" {
		options = append(options, dbos.WithEnqueueApplicationVersion(params.Version))
	}
	config := dbos.ClientConfig{DatabaseURL: params.URL, Logger: logger}
	return nil, sdk.EnqueueByClient(config, params.Application, queueName(params.Application, params.Queue), name,
		orders.Order{}, options...)
}

type idParams struct {
	ID string
}

func release(params idParams) (any, error) {
	orders.Release(params.ID)
	return nil, nil
}

func send(params idParams) (any, error) {
	return nil, dbos.Send(app().ctx, params.ID, "done", orders.FinishTopic)
}

type debounceParams struct {
	Key    string
	Millis int
}

func debounce(params debounceParams) (any, error) {
	return app().debounce(params.Key, millis(params.Millis))
}

func cancel(params idParams) (any, error) {
	return nil, dbos.CancelWorkflow(app().ctx, params.ID)
}

func resume(params idParams) (any, error) {
	_, err := dbos.ResumeWorkflow[string](app().ctx, params.ID)
	return nil, err
}

type forkParams struct {
	ID, Version string
	Step        uint
}

func fork(params forkParams) (any, error) {
	handle, err := dbos.ForkWorkflow[string](app().ctx, dbos.ForkWorkflowInput{
		OriginalWorkflowID: params.ID,
		StartStep:          params.Step,
		ApplicationVersion: params.Version,
	})
	if err != nil {
		return nil, err
	}
	return handle.GetWorkflowID(), nil
}

func rewind(params forkParams) (any, error) {
	return nil, sdk.Rewind(app().ctx, params.ID, params.Version)
}

func setLatest(params struct{ Version string }) (any, error) {
	return nil, dbos.SetLatestApplicationVersion(app().ctx, params.Version)
}

func shutdown(struct{}) (any, error) {
	// Work that outlasts the timeout stays PENDING, and the process ends all the same.
	if err := sdk.Shutdown(app().ctx, shutdownTimeout); err != nil {
		logger.Warn("not all work has ended", "error", err)
	}
	return nil, nil
}
