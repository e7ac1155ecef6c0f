// What attention visits, in tiles of 32 queries x 64 keys out of 32 x 16 x 4 of them.

// RUN: sparsity-run %s --entry=window --device=cpu --check --explain 2>&1 | FileCheck %s --check-prefix=WINDOW
// RUN: sparsity-run %s --entry=gathered --device=cpu --check --explain 2>&1 | FileCheck %s --check-prefix=GATHERED
// RUN: sparsity-run %s --entry=full --device=cpu --check --explain 2>&1 | FileCheck %s --check-prefix=FULL

!T = tensor<4x1024x64xf16>

// Rows r .. r + 31 see the keys r - 127 .. r + 31: at most 3 aligned tiles.
// WINDOW: tiles 360 of 2048
// WINDOW: check: result 0: {{.*}}: ok
func.func @window(%q: !T, %k: !T, %v: !T) -> !T {
  %o = sparsity.attention %q, %k, %v mask(#sparsity.window<left = 127, right = 0>) : (!T, !T, !T) -> !T
  return %o : !T
}

// Every 64th of 1024 keys: 16 keys are one gathered tile, not 16 tiles with one key each.
// GATHERED: tiles 128 of 2048
// GATHERED: check: result 0: {{.*}}: ok
func.func @gathered(%q: !T, %k: !T, %v: !T) -> !T {
  %o = sparsity.attention %q, %k, %v mask(#sparsity.strided<period = 64>) : (!T, !T, !T) -> !T
  return %o : !T
}

// FULL: tiles 2048 of 2048
// FULL: check: result 0: {{.*}}: ok
func.func @full(%q: !T, %k: !T, %v: !T) -> !T {
  %o = sparsity.attention %q, %k, %v : (!T, !T, !T) -> !T
  return %o : !T
}
