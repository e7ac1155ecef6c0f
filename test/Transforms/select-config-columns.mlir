// A row of the tuning table that was measured with more columns than a program has: its tile is made
// as narrow as the program's columns, or gives way to one that the model likes better for these, by
// more than it likes any better than the row's own for the row's columns.

// RUN: echo 'target,type,format,rows,reduction,columns,tile_rows,tile_columns,consumers,stages,cluster,splits,microseconds' > %t.csv
// RUN: echo 'sm_90a,bf16,2:4,4096,4096,128,64,128,1,8,1,2,13.7' >> %t.csv
// RUN: echo 'sm_90a,bf16,2:4,14336,4096,512,256,128,2,5,2,1,60.0' >> %t.csv
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=%t.csv" --remark-format=emitRemark --remarks-filter=sparsity -o /dev/null 2>&1 | FileCheck %s


// CHECK: tile 64x80x64 from the tuning table, K split by 2
func.func @narrow(%x: tensor<77x4096xbf16>, %w: tensor<4096x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>, %o: tensor<77x4096xf32>) -> tensor<77x4096xf32> {
  %y = linalg.matmul 
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<77x4096xbf16>, tensor<4096x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>) outs(%o : tensor<77x4096xf32>) -> tensor<77x4096xf32>
  return %y : tensor<77x4096xf32>
}

// CHECK: tile 64x128x64 from the tuning table, K split by 2
func.func @exact(%x: tensor<128x4096xbf16>, %w: tensor<4096x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>, %o: tensor<128x4096xf32>) -> tensor<128x4096xf32> {
  %y = linalg.matmul 
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<128x4096xbf16>, tensor<4096x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>) outs(%o : tensor<128x4096xf32>) -> tensor<128x4096xf32>
  return %y : tensor<128x4096xf32>
}

// One wave of two tiles of columns, where the row's tile takes two waves of three.
// CHECK: tile 128x176x64 by the cost model, clusters of 2
func.func @model(%x: tensor<333x4096xbf16>, %w: tensor<14336x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>, %o: tensor<333x14336xf32>) -> tensor<333x14336xf32> {
  %y = linalg.matmul 
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<333x4096xbf16>, tensor<14336x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>) outs(%o : tensor<333x14336xf32>) -> tensor<333x14336xf32>
  return %y : tensor<333x14336xf32>
}
