//go:build before1_8

package sdk

import "github.com/dbos-inc/dbos-transact-golang/dbos"

const PatchesBySetting = true

var OneOfEachPartition = []dbos.QueueOption{dbos.WithPartitionQueue(), dbos.WithGlobalConcurrency(1)}
