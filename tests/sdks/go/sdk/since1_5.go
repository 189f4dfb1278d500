//go:build !before1_5

package sdk

import "github.com/dbos-inc/dbos-transact-golang/dbos"

func Rewind(ctx Context, id, version string) error {
	var options []dbos.RewindWorkflowOption
	if version != "" {
		options = append(options, dbos.WithRewindApplicationVersion(version))
	}
	_, err := dbos.RewindWorkflow[string](ctx, id, options...)
	return err
}
