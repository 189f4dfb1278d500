//go:build before1_5

package sdk

import "errors"

func Rewind(Context, string, string) error {
	return errors.New("unsupported: rewind came with 1.5")
}
