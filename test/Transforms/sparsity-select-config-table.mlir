// Tiles of kernels of warpgroups: measured ones from a table, else the cost model's.

// RUN: echo 'target,type,format,rows,reduction,columns,tile_rows,tile_columns,consumers,stages,cluster,splits,microseconds' > %t.csv
// RUN: cp %t.csv %t.misfit.csv
// RUN: cp %t.csv %t.bad.csv
// RUN: echo 'sm_90a,bf16,2:4,14336,4096,16,64,16,1,10,1,2,21.5' >> %t.csv
// RUN: echo 'sm_90a,bf16,2:4,14336,4096,4096,256,192,2,3,2,1,812.3' >> %t.csv
// RUN: echo 'sm_90a,bf16,2:4,14336,4096,16,64,16,1,10,1,4,21.5' >> %t.misfit.csv
// RUN: echo 'sm_90a,bf16,2:4,14336,4096,4096,256,192,2,9,2,1,812.3' >> %t.misfit.csv
// RUN: echo 'sm_90a,bf16' >> %t.bad.csv
// RUN: cp %t.csv %t.beside.csv
// RUN: echo 'sm_90a,bf16,dense,14336,4096,16,64,16,1,10,1,2,18.26' >> %t.beside.csv
// RUN: echo 'sm_90a,bf16,dense,14336,4096,4096,128,256,2,4,2,1,1300.0' >> %t.beside.csv
// DEFINE: %{options} = target=sm_90a instruction=wgmma
// DEFINE: %{remarks} = --remark-format=emitRemark --remarks-filter=sparsity

// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-table=%t.csv" %{remarks} 2>&1 | FileCheck %s --check-prefixes=TABLE,MODEL
// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-table=%t.beside.csv" %{remarks} 2>&1 | FileCheck %s --check-prefix=BESIDE
// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-table=%t.beside.csv dense-choice=never" %{remarks} 2>&1 | FileCheck %s --check-prefix=NEVER
// RUN: not sparsity-opt %s --sparsity-select-config="dense-choice=always" 2>&1 | FileCheck %s --check-prefix=ALWAYS
// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-table=%t.csv" | FileCheck %s --check-prefix=CONFIG
// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-table=%t.misfit.csv" %{remarks} 2>&1 | FileCheck %s --check-prefixes=MISFIT,MODEL
// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-table=none" %{remarks} 2>&1 | FileCheck %s --check-prefixes=NONE,MODEL
// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-table=%t.csv tile=128,64,64 warps=8,1 stages=4 splits=1 cluster=1" %{remarks} 2>&1 | FileCheck %s --check-prefix=FORCED
// RUN: sparsity-opt %s --sparsity-select-config="%{options} tuning-candidates=2" --mlir-print-local-scope | FileCheck %s --check-prefix=LIST
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_80 tuning-candidates=2" | FileCheck %s --check-prefix=SM80
// RUN: sparsity-opt %s --sparsity-to-nvvm="%{options} tuning-table=%t.csv" %{remarks} 2>&1 | FileCheck %s --check-prefixes=TABLE,MODEL
// RUN: not sparsity-opt %s --sparsity-select-config="tuning-table=%t.bad.csv" 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not sparsity-opt %s --sparsity-to-nvvm="tuning-table=%t.missing.csv" 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not sparsity-translate %s --to-ptx --pipeline-options="tuning-table=%t.missing.csv" 2>&1 | FileCheck %s --check-prefix=MISSING

// BAD: error: {{.*}}.bad.csv: line 2: expected 13 or 14 fields, but got 2
// MISSING: error: expected to read '{{.*}}.missing.csv', but got: No such file or directory

// SM80-NOT: sparsity.tuning
// SM80: func.func @few

// Each kernel with its two best tiles, in the order of the program.
// LIST: module attributes {sparsity.tuning = [
// LIST-SAME: {columns = 9 : i64, configs = [#sparse_tile.config<tile = [{{[0-9]+}}, {{[0-9]+}}, 64], warps = [{{[48]}}, 1],
// LIST-SAME: sparse = true{{[^<]*}}#sparse_tile.config<tile = {{[^<]*}}], format = "2:4", location = loc({{[^<]*}}), reduction = 4096 : i64, rows = 14336 : i64, target = "sm_90a", type = "bf16"},
// LIST-SAME: {columns = -9223372036854775808 : i64,
// LIST-SAME: rows = 14336 : i64,
// LIST-SAME: {columns = 9 : i64,
// LIST-SAME: rows = 8192 : i64,
// LIST-SAME: format = "2:4+2:4",
// LIST-SAME: rows = 14336 : i64,
// LIST-SAME: format = "dense",
// LIST-SAME: rows = 512 : i64,

// FORCED-NOT: {{tuning table|cost model}}
// FORCED: SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile 128x64x64"
// FORCED-NOT: {{tuning table|cost model}}

#w = #sparsity.n_of_m<2:4, axis = 1>
#xw = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]

// Nine tokens take the row of sixteen.
// TABLE: SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile 64x16x64 from the tuning table
// Times of dense weights are said where the table has them; where they are less, weights are dense.
// BESIDE: [Passed] SelectConfig{{.*}}wgmma.m64k16 in bf16, tile 64x16x64 from the tuning table, K split by 2; dense: 21.5 us with 16 columns, 18.3 us for dense weights
// NEVER: [Missed] SelectConfig{{.*}}dense weights would be faster: 21.5 us with 16 columns, 18.3 us for dense weights
// NEVER: [Passed] SelectConfig{{.*}}tile 64x16x64 from the tuning table, K split by 2: 21.5 us with 16 columns, 18.3 us for dense weights
// ALWAYS: error: expected dense-choice to be auto or never, but got always
// MISFIT: [Missed] SelectConfig{{.*}}the row of the tuning table does not fit: expected 8 columns or a multiple for each of 4 blocks, but got 16
// MISFIT: [Passed] SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile {{[0-9x]+}} by the cost model
// NONE: SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile {{[0-9x]+}} by the cost model
// CONFIG-LABEL: func.func @few
// CONFIG: tile = [64, 16, 64], warps = [4, 1], stages = 10, {{.*}}instruction = "wgmma.sp.m64k32", sparse = true, splits = 2>
func.func @few(%x: tensor<9x4096xbf16>, %w: tensor<14336x4096xbf16, #w>) -> tensor<9x14336xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<9x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<9x14336xf32>) -> tensor<9x14336xf32>
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<9x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<9x14336xf32>) -> tensor<9x14336xf32>
  return %y : tensor<9x14336xf32>
}

// Any number of tokens are taken for 4096.
// TABLE: SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile 256x192x64 from the tuning table, clusters
// BESIDE-NOT: dense weights would be faster
// BESIDE: tile 256x192x64 from the tuning table, clusters of 2: 812.3 us with 4096 columns, 1300.0 us for dense weights
// BESIDE-NOT: for dense weights
// MISFIT: [Missed] SelectConfig{{.*}}the row of the tuning table does not fit: expected 2 to 4 stages, but got 9
// MISFIT: [Passed] SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile {{[0-9x]+}} by the cost model
// NONE: SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile {{[0-9x]+}} by the cost model
// CONFIG-LABEL: func.func @any
// CONFIG: tile = [256, 192, 64], warps = [8, 1], stages = 3, {{.*}}sparse = true, cluster = 2>
func.func @any(%x: tensor<?x4096xbf16>, %w: tensor<14336x4096xbf16, #w>) -> tensor<?x14336xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  return %y : tensor<?x14336xf32>
}

// No row has these rows.
// MODEL: SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile {{[0-9x]+}} by the cost model
func.func @other_rows(%x: tensor<9x4096xbf16>, %w: tensor<8192x4096xbf16, #w>) -> tensor<9x8192xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<9x8192xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<9x8192xf32>) -> tensor<9x8192xf32>
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<9x4096xbf16>, tensor<8192x4096xbf16, #w>)
      outs(%init : tensor<9x8192xf32>) -> tensor<9x8192xf32>
  return %y : tensor<9x8192xf32>
}

// Two products in one kernel are not what the rows of one were measured on.
// MODEL: SelectConfig{{.*}}wgmma.sp.m64k32 in bf16, tile {{[0-9x]+}} by the cost model
func.func @two_products(%x: tensor<9x4096xbf16>, %w: tensor<14336x4096xbf16, #w>,
                        %v: tensor<14336x4096xbf16, #w>) -> tensor<9x14336xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<9x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<9x14336xf32>) -> tensor<9x14336xf32>
  %a = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<9x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<9x14336xf32>) -> tensor<9x14336xf32>
  %b = linalg.matmul indexing_maps = #xw
      ins(%x, %v : tensor<9x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<9x14336xf32>) -> tensor<9x14336xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<9x14336xf32>, tensor<9x14336xf32>) outs(%empty : tensor<9x14336xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %r = arith.mulf %p, %q : f32
    linalg.yield %r : f32
  } -> tensor<9x14336xf32>
  return %y : tensor<9x14336xf32>
}

// MODEL: SelectConfig{{.*}}wgmma.m64k16 in bf16, tile {{[0-9x]+}} by the cost model
func.func @dense(%x: tensor<9x4096xbf16>, %w: tensor<512x4096xbf16>) -> tensor<9x512xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<9x512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<9x512xf32>) -> tensor<9x512xf32>
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<9x4096xbf16>, tensor<512x4096xbf16>)
      outs(%init : tensor<9x512xf32>) -> tensor<9x512xf32>
  return %y : tensor<9x512xf32>
}
