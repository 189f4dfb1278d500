//go:build !before1_8

package sdk

import "github.com/dbos-inc/dbos-transact-golang/dbos"

const PatchesBySetting = false

var OneOfEachPartition = []dbos.QueueOption{dbos.WithPartitionConcurrency(1)}
