// Lists of a known density: their tiles by the cost model and by the table, and weights that are
// stored densely because a dense kernel is faster.

// DEFINE: %{remarks} = --remark-format=emitRemark --remarks-filter=sparsity
// RUN: echo 'target,type,format,rows,reduction,columns,tile_rows,tile_columns,consumers,stages,cluster,splits,microseconds,density' > %t.csv
// RUN: echo 'sm_90a,bf16,dense/128,4096,4096,4096,128,192,2,4,2,1,33.5,0.1' >> %t.csv
// RUN: echo 'sm_90a,bf16,dense/128,4096,4096,4096,128,160,2,5,2,1,180.5,1' >> %t.csv
// RUN: echo 'sm_90a,bf16,dense,4096,4096,4096,128,256,2,4,2,1,174.25' >> %t.csv
// RUN: sed '/,180.5,1$/d' %t.csv | sed 's/4096,128,256,2,4,2,1,174.25/4096,256,128,2,4,2,1,174.25/' > %t.dense.csv
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=%t.dense.csv" %{remarks} -o /dev/null 2>&1 | FileCheck %s --check-prefix=BEST
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=none" -o %t.density.mlir
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=none" --sparsity-resolve-storage=target=sm_90a %{remarks} -o %t.mlir 2>&1 | FileCheck %s --check-prefixes=REMARK,MODEL
// RUN: FileCheck %s < %t.mlir
// RUN: sparsity-opt %t.density.mlir --sparsity-resolve-storage=target=sm_90a %{remarks} 2>&1 | FileCheck %s --check-prefix=STORED
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=%t.csv" --sparsity-resolve-storage=target=sm_90a %{remarks} 2>&1 | FileCheck %s --check-prefixes=REMARK,TABLE
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=none dense-choice=never" --sparsity-resolve-storage=target=sm_90a | FileCheck %s --check-prefix=NEVER
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=none tuning-candidates=1" --mlir-print-local-scope | FileCheck %s --check-prefix=LIST
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=none" %{remarks} -o %t.nvvm.mlir 2>&1 | FileCheck %s --check-prefixes=REMARK,MODEL
// RUN: FileCheck %s --check-prefix=ABI < %t.nvvm.mlir
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=none dense-choice=never" | FileCheck %s --check-prefix=NEVER
// RUN: %if ptxas %{ sparsity-translate %s --to-ptx --target=sm_90a -o %t.ptx %}
// RUN: %if ptxas %{ %lint_sass --ptxas %t.ptx %}

// NEVER-NOT: stored_dense

// Densities stand in the key by their bucket.
// LIST: module attributes {sparsity.tuning = [
// LIST-SAME: {columns = 4096 : i64, configs = [{{[^{]*}}], density = 1.000000e-01 : f64, format = "dense/128",
// LIST-SAME: {columns = 4096 : i64, configs = [{{[^{]*}}], density = 5.000000e-01 : f64, format = "dense/128",
// LIST-SAME: {columns = 4096 : i64, configs = [{{[^{]*}}], format = "dense", location

#xw = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
#b = #sparsity.block<128x128>
#r = #sparsity.block<64x64>
!x = tensor<4096x4096xbf16>
!w = tensor<4096x4096xbf16, #b>
!y = tensor<4096x4096xf32>

// Six steps a tile do not pay for a cluster.
// MODEL: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 128x256x64 by the cost model; {{[0-9]+}} cycles at a density of 0.1, {{[0-9]+}} for dense weights, by the cost model"
// TABLE: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 128x192x64 from the tuning table, clusters of 2: 33.5 us with 4096 columns, 174.2 us for dense weights"
// STORED: argument #1 is stored as #sparsity.block<128x128, ordered>
// CHECK-LABEL: func.func @tenth
// CHECK-SAME: %{{.*}}: tensor<4096x4096xbf16, #sparsity.block<128x128, ordered>>, %{{.*}}: tensor<4096x4096xf32>)
// CHECK: linalg.matmul
// CHECK-SAME: sparse_tile.config = #sparse_tile.config<tile = [128, 256, 64], warps = [8, 1], stages = 4, raster = 1, swap = true,
// CHECK-NOT: cluster
// CHECK: ins
func.func @tenth(%x: !x, %w: !w {sparsity.density = 0.1 : f64}, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}

// Thirty-two do.
// MODEL: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 128x256x64 by the cost model, clusters of 2; {{[0-9]+}} cycles at a density of 0.5,
// TABLE: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 128x256x64 by the cost model, clusters of 2; {{[0-9]+}} cycles at a density of 0.5,
// CHECK-LABEL: func.func @half
// CHECK: cluster = 2
func.func @half(%x: !x, %w: !w {sparsity.density = 0.5 : f64}, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}

// MODEL: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 128x256x64 by the cost model, clusters of 2; dense: {{[0-9]+}} cycles at a density of 0.98, {{[0-9]+}} for dense weights, by the cost model"
// TABLE: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 128x256x64 from the tuning table, clusters of 2; dense: 180.5 us with 4096 columns, 174.2 us for dense weights"
// Each form is compared with the model's own tile, whatever the table says of one of them.
// BEST: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 256x128x64 from the tuning table, clusters of 2; dense: {{[0-9]+}} cycles at a density of 0.98,
// STORED: argument #1 is stored as #sparsity.stored_dense<#sparsity.block<128x128>>
// CHECK-LABEL: func.func @nearly_all
// CHECK-SAME: %{{.*}}: tensor<4096x4096xbf16, #sparsity.stored_dense<#sparsity.block<128x128>>>, %{{.*}}: tensor<4096x4096xf32>)
// CHECK: linalg.matmul
// CHECK-SAME: {sparse_tile.config = #sparse_tile.config<tile = [128, 256, 64], {{[^>]*}}>}
// ABI: llvm.func @nearly_all({{.*}}sparsity.abi
// ABI-SAME: field = "values", kind = "field", storage = tensor<4096x4096xbf16>, type = tensor<4096x4096xbf16, #sparsity.stored_dense<#sparsity.block<128x128>>>
func.func @nearly_all(%x: !x, %w: !w {sparsity.density = 0.98 : f64}, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}

// Without a hint or times nothing speaks for dense weights.
// REMARK: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 128x256x64 by the cost model, clusters of 2"
// CHECK-LABEL: func.func @unknown
// CHECK-SAME: #sparsity.block<128x128, ordered>
func.func @unknown(%x: !x, %w: !w, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}

// The left operand is sparse: a dense kernel would take its rows from the right one.
// REMARK: SelectConfig{{.*}}dense: {{[0-9]+}} cycles at a density of 0.95
// STORED: argument #0 is stored as #sparsity.stored_dense<#sparsity.block<64x64>>
// CHECK-LABEL: func.func @left
// CHECK: swap = true
func.func @left(%w: tensor<4096x4096xbf16, #r> {sparsity.density = 0.95 : f64}, %x: !x, %init: !y) -> !y {
  %y = linalg.matmul ins(%w, %x : tensor<4096x4096xbf16, #r>, !x) outs(%init : !y) -> !y
  return %y : !y
}

// A reader that cannot be asked keeps the list for all.
// STORED: [Missed] ResolveStorage{{.*}}argument #1 is not stored as #sparsity.stored_dense<#sparsity.block<128x128>>: not every op that reads it is faster so
// CHECK-LABEL: func.func @two_readers
// CHECK-SAME: tensor<4096x4096xbf16, #sparsity.block<128x128>>
// CHECK-NOT: sparse_tile.stored
// CHECK: return
func.func @two_readers(%x: !x, %w: !w {sparsity.density = 0.98 : f64}, %v: tensor<4096xbf16>, %init: !y,
                       %row: tensor<4096xf32>) -> (!y, tensor<4096xf32>) {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  %z = linalg.matvec ins(%w, %v : !w, tensor<4096xbf16>) outs(%row : tensor<4096xf32>) -> tensor<4096xf32>
  return %y, %z : !y, tensor<4096xf32>
}
