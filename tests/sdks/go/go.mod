// Marks the root of the module. A build names the go.mod of a release: go build -modfile=1.8.0/go.mod
module example.com/shop

go 1.25.0
