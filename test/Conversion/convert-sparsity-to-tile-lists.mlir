// Schedules that lists and bands drive: bounds of the loops, the order of their phases, and
// what loads and stores compute for each element.

// RUN: sparsity-opt %s --sparsity-select-config --convert-sparsity-to-tile \
// RUN:   --canonicalize --cse | FileCheck %s
// RUN: sparsity-opt %s --sparsity-select-config=tile=64,64,64 --convert-sparsity-to-tile \
// RUN:   --canonicalize --cse | FileCheck %s --check-prefix=TILE64

// CHECK-DAG: #[[$ENTRY:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[$BAND:.*]] = affine_set<(d0, d1) : (d1 - d0 + 255 >= 0, d0 - d1 >= 0)>

#xw = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
#block = #sparsity.block<64x32>
#block48 = #sparsity.block<48x32>
#window = #sparsity.window<left = 255, right = 0>
#strided = #sparsity.strided<period = 512, offset = 3>
#union = #sparsity.any_of<[#sparsity.window<left = 255, right = 0>, #sparsity.prefix<length = 16>]>
#bitmap = #sparsity.unstructured<tile = 16x64>
#act = #sparsity.activation<threshold = 0.5>

// A list drives the loop: positions count the columns of the entries of the row group. The
// blocks are read in their own order, the other operand at the columns that the list names.
// CHECK-LABEL: func.func @block_right
// CHECK: sparse_tile.forall sizes(%{{.*}}) tile [64, 64]
// CHECK-SAME: swap = true
// CHECK-SAME: listed<groups = 0 by 64, entries = 1 by 32, positions = "positions", coordinates = "coordinates">
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[K:[^:]*]]: index, %[[X:[^:]*]]: tensor<?x256xf16>, %[[POS:[^:]*]]: tensor<3xi32>, %[[CRD:[^:]*]]: tensor<?xi32>, %[[VALUES:[^:]*]]: tensor<?x64x32xf16>
// CHECK: %[[GROUP:.*]] = arith.divui %[[I]], %c64{{(_[0-9]+)?}}
// CHECK: tensor.extract %[[POS]][%[[GROUP]]]
// CHECK: %[[FIRST:.*]] = arith.index_cast
// CHECK: %[[NEXT:.*]] = arith.addi %[[GROUP]], %c1{{(_[0-9]+)?}}
// CHECK: tensor.extract %[[POS]][%[[NEXT]]]
// CHECK: %[[PAST:.*]] = arith.index_cast
// CHECK: %[[COUNT:.*]] = arith.subi %[[PAST]], %[[FIRST]]
// CHECK: %[[UPPER:.*]] = arith.muli %[[COUNT]], %c32{{(_[0-9]+)?}}
// CHECK: sparse_tile.pipeline below %[[UPPER]] step 64
// CHECK: sparse_tile.load %[[X]][%[[J]], %{{.*}}] dims [0, 1] runs [1, 32] at {
// CHECK: ^bb0(%[[ROW:[^:]*]]: index, %[[P:[^:]*]]: index):
// CHECK: %[[BELOW:.*]] = arith.cmpi slt, %[[P]], %[[UPPER]]
// CHECK: scf.if
// CHECK: %[[D:.*]] = arith.divui %[[P]], %c32{{(_[0-9]+)?}}
// CHECK: %[[ENTRY:.*]] = arith.addi %[[FIRST]], %[[D]]
// CHECK: tensor.extract %[[CRD]][%[[ENTRY]]]
// CHECK: arith.muli %{{.*}}, %c32{{(_[0-9]+)?}}
// CHECK: %[[COLUMN:.*]] = arith.addi
// CHECK: arith.cmpi slt, %[[COLUMN]], %[[K]]
// CHECK: } : tensor<?x256xf16> -> <64x64xf16>
// CHECK: sparse_tile.load %[[VALUES]][%[[I]], %{{.*}}] dims [0, 1] runs [1, 32] at {
// CHECK: ^bb0(%[[VROW:[^:]*]]: index, %[[VP:[^:]*]]: index):
// CHECK: arith.remui %[[VROW]], %c64{{(_[0-9]+)?}}
// CHECK: %[[VD:.*]] = arith.divui %[[VP]], %c32{{(_[0-9]+)?}}
// CHECK: arith.addi %[[FIRST]], %[[VD]]
// CHECK: arith.remui %[[VP]], %c32{{(_[0-9]+)?}}
// CHECK: sparse_tile.yield %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : index, index, index, i1
// CHECK: } : tensor<?x64x32xf16> -> <64x64xf16>
func.func @block_right(%x: tensor<?x256xf16>, %w: tensor<128x256xf16, #block>,
                       %init: tensor<?x128xf32>) -> tensor<?x128xf32> {
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<?x256xf16>, tensor<128x256xf16, #block>)
      outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// The left operand alike: the list's rows are the rows of the result.
// CHECK-LABEL: func.func @block_left
// CHECK: sparse_tile.forall {{.*}}swap = false
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index,
// CHECK: arith.divui %[[I]], %c64{{(_[0-9]+)?}}
// CHECK: sparse_tile.pipeline below %[[UPPER:[^ ]*]] step 64
// CHECK: sparse_tile.load %{{.*}}[%[[I]], %{{.*}}] dims [0, 1] runs [1, 32] at {
// CHECK: } : tensor<?x64x32xf16> -> <64x64xf16>
// CHECK: sparse_tile.load %{{.*}}[%[[J]], %{{.*}}] dims [0, 1] runs [1, 32] at {
// CHECK: } : tensor<64x256xf16> -> <64x64xf16>
func.func @block_left(%x: tensor<128x256xf16, #block>, %w: tensor<64x256xf16>,
                      %init: tensor<128x64xf32>) -> tensor<128x64xf32> {
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<128x256xf16, #block>, tensor<64x256xf16>)
      outs(%init : tensor<128x64xf32>) -> tensor<128x64xf32>
  return %y : tensor<128x64xf32>
}

// Here the loop walks the rows that the list's groups cut: the list drives nothing, so the
// loop is the dense one and each element is searched for in the list of its group.
// CHECK-LABEL: func.func @searched
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[K:[^:]*]]: index, %[[X:[^:]*]]: tensor<64x128xf16>, %[[POS:[^:]*]]: tensor<3xi32>, %[[CRD:[^:]*]]: tensor<?xi32>
// CHECK: sparse_tile.pipeline below %[[K]] step 64
// CHECK: sparse_tile.load %[[X]][%[[I]], %{{.*}}] dims [0, 1] : tensor<64x128xf16>
// CHECK: sparse_tile.load %{{.*}}[%[[J]], %{{.*}}] dims [0, 1] runs [1, 1] at {
// CHECK: ^bb0(%[[COLUMN:[^:]*]]: index, %[[ROW:[^:]*]]: index):
// CHECK: %[[GROUP:.*]] = arith.divui %[[ROW]], %c64{{(_[0-9]+)?}}
// CHECK: %[[WANTED:.*]] = arith.divui %[[COLUMN]], %c32{{(_[0-9]+)?}}
// CHECK: tensor.extract %[[POS]][%[[GROUP]]]
// CHECK: scf.while
// CHECK: tensor.extract %[[CRD]]
// CHECK: arith.cmpi slt, %{{.*}}, %[[WANTED]]
// CHECK: arith.cmpi eq, %{{.*}}, %[[WANTED]]
// CHECK: } : tensor<?x64x32xf16> -> <64x64xf16>
func.func @searched(%x: tensor<64x128xf16>, %w: tensor<128x256xf16, #block>,
                    %init: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %y = linalg.matmul
      ins(%x, %w : tensor<64x128xf16>, tensor<128x256xf16, #block>)
      outs(%init : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}

// Tiles follow the groups: 48 rows are three tiles of 16, and no padding is needed. Tiles of
// 64 rows do not: each group of 48 gets a tile of its own, 100 rows are three of them, and
// positions past row 48 of a group or row 100 of the tensor hold nothing.
// CHECK-LABEL: func.func @grouped
// CHECK: sparse_tile.forall sizes(%c100{{(_[0-9]+)?}}, %c64{{(_[0-9]+)?}}, %c256{{(_[0-9]+)?}}) tile [16, 64]
// TILE64-LABEL: func.func @grouped
// TILE64: sparse_tile.forall sizes(%c192{{(_[0-9]+)?}}, %c64{{(_[0-9]+)?}}, %c256{{(_[0-9]+)?}}, %c100{{(_[0-9]+)?}}, %c64{{(_[0-9]+)?}}) tile [64, 64]
// TILE64: ^bb0(%[[I:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[ROWS:[^:]*]]: index,
// TILE64: %[[IN:.*]] = arith.remui %[[I]], %c64{{(_[0-9]+)?}}
// TILE64: %[[GROUP:.*]] = arith.divui %[[I]], %c64{{(_[0-9]+)?}}
// TILE64: %[[BASE:.*]] = arith.muli %[[GROUP]], %c48{{(_[0-9]+)?}}
// TILE64: %[[BEGIN:.*]] = arith.addi %[[BASE]], %[[IN]]
// TILE64: %[[TILEEND:.*]] = arith.addi %[[BEGIN]], %c64{{(_[0-9]+)?}}
// TILE64: %[[GROUPEND:.*]] = arith.addi %[[BASE]], %c48{{(_[0-9]+)?}}
// TILE64: %[[MIN:.*]] = arith.minsi %[[TILEEND]], %[[GROUPEND]]
// TILE64: %[[END:.*]] = arith.minsi %[[MIN]], %[[ROWS]]
// TILE64: sparse_tile.store
// TILE64: } at {
// TILE64: ^bb0(%[[P:[^:]*]]: index, %{{[^:]*}}: index):
// TILE64: %[[OFF:.*]] = arith.subi %[[P]], %[[I]]
// TILE64: %[[ROW:.*]] = arith.addi %[[BEGIN]], %[[OFF]]
// TILE64: arith.cmpi slt, %[[ROW]], %[[END]]
// TILE64: sparse_tile.yield %[[ROW]],
func.func @grouped(%x: tensor<64x256xf16>, %w: tensor<100x256xf16, #block48>,
                   %init: tensor<64x100xf32>) -> tensor<64x100xf32> {
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<64x256xf16>, tensor<100x256xf16, #block48>)
      outs(%init : tensor<64x100xf32>) -> tensor<64x100xf32>
  return %y : tensor<64x100xf32>
}

// A band bounds the loop from both sides, for the rows at hand; the lower bound is cut to a
// multiple of the step, where loads are aligned. The band itself is a mask.
// CHECK-LABEL: func.func @window
// CHECK: ^bb0(%[[I:[^:]*]]: index, %{{[^:]*}}: index, %[[ROWS:[^:]*]]: index, %{{[^:]*}}: index, %[[K:[^:]*]]: index,
// CHECK: %[[PAST:.*]] = arith.addi %[[I]], %c64{{(_[0-9]+)?}}
// CHECK: %[[END:.*]] = arith.minsi %[[PAST]], %[[ROWS]]
// CHECK: %[[LOW:.*]] = arith.addi %[[I]], %c-255{{(_[0-9]+)?}}
// CHECK: %[[CUT:.*]] = arith.maxsi %[[LOW]], %c0{{(_[0-9]+)?}}
// CHECK: %[[UPPER:.*]] = arith.minsi %[[K]], %[[END]]
// CHECK: arith.divui %{{.*}}, %c64{{(_[0-9]+)?}}
// CHECK: %[[LOWER:.*]] = arith.muli %{{.*}}, %c64{{(_[0-9]+)?}}
// CHECK: sparse_tile.pipeline from %[[LOWER]] below %[[UPPER]] step 64
// CHECK: sparse_tile.mask {{.*}} dims [0, 1] where [#[[$BAND]]]
func.func @window(%p: tensor<1024x1024xf16, #window>, %v: tensor<1024x64xf16>,
                  %init: tensor<1024x64xf32>) -> tensor<1024x64xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<1024x1024xf16, #window>, tensor<1024x64xf16>)
      outs(%init : tensor<1024x64xf32>) -> tensor<1024x64xf32>
  return %y : tensor<1024x64xf32>
}

// A union is a loop for each member, the second starting from the sums of the first and
// leaving out what the first has met.
// CHECK-LABEL: func.func @union
// CHECK: %[[SECOND:.*]] = arith.minsi %{{.*}}, %c16{{(_[0-9]+)?}}
// CHECK: %[[A:.*]] = sparse_tile.pipeline from %{{.*}} below %{{.*}} step 64
// CHECK: sparse_tile.load {{.*}} runs [1, 1] at {
// CHECK: ^bb0(%[[R0:[^:]*]]: index, %[[C0:[^:]*]]: index):
// CHECK: arith.cmpi sge, %[[C0]],
// CHECK: arith.cmpi sle, %[[C0]], %[[R0]]
// CHECK-NOT: arith.xori
// CHECK: %[[B:.*]] = sparse_tile.pipeline below %[[SECOND]] step 64 stages 1 init(%[[A]] :
// CHECK: ^bb0(%[[R1:[^:]*]]: index, %[[C1:[^:]*]]: index):
// CHECK: arith.cmpi sle, %[[C1]], %c15{{(_[0-9]+)?}}
// CHECK: arith.cmpi sle, %[[C1]], %[[R1]]
// CHECK: %[[MET:.*]] = arith.andi
// CHECK: %[[NEW:.*]] = arith.xori %[[MET]], %true{{(_[0-9]+)?}}
// CHECK: arith.andi %{{.*}}, %[[NEW]]
// CHECK: sparse_tile.store tiles(%[[B]] :
func.func @union(%p: tensor<1024x1024xf16, #union>, %v: tensor<1024x64xf16>,
                 %init: tensor<1024x64xf32>) -> tensor<1024x64xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<1024x1024xf16, #union>, tensor<1024x64xf16>)
      outs(%init : tensor<1024x64xf32>) -> tensor<1024x64xf32>
  return %y : tensor<1024x64xf32>
}

// A strided pattern is gathered: positions count the columns of the pattern, eight for 4096
// columns and a period of 512, so one step of 64 meets them all.
// CHECK-LABEL: func.func @strided
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[K:[^:]*]]: index,
// CHECK: %[[LESS:.*]] = arith.subi %[[K]], %c3{{(_[0-9]+)?}}
// CHECK: %[[SPAN:.*]] = arith.maxsi %[[LESS]], %c0{{(_[0-9]+)?}}
// CHECK: %[[WHOLE:.*]] = arith.divui %[[SPAN]], %c512{{(_[0-9]+)?}}
// CHECK: %[[REST:.*]] = arith.remui %[[SPAN]], %c512{{(_[0-9]+)?}}
// CHECK: %[[LAST:.*]] = arith.minsi %[[REST]], %c1{{(_[0-9]+)?}}
// CHECK: %[[UPPER:.*]] = arith.addi %[[WHOLE]], %[[LAST]]
// CHECK: sparse_tile.pipeline below %[[UPPER]] step 64
// CHECK: sparse_tile.load %{{.*}}[%[[I]], %{{.*}}] dims [0, 1] runs [1, 1] at {
// CHECK: ^bb0(%{{[^:]*}}: index, %[[P:[^:]*]]: index):
// CHECK: %[[BASE:.*]] = arith.muli %[[P]], %c512{{(_[0-9]+)?}}
// CHECK: arith.addi %[[BASE]], %c3{{(_[0-9]+)?}}
// CHECK: } : tensor<1024x4096xf16> -> <64x64xf16>
// The other operand holds a row for each key: whole rows are runs.
// CHECK: sparse_tile.load %{{.*}}[%[[J]], %{{.*}}] dims [0, 1] runs [64, 1] at {
// CHECK: } : tensor<4096x64xf16> -> <64x64xf16>
func.func @strided(%p: tensor<1024x4096xf16, #strided>, %v: tensor<4096x64xf16>,
                   %init: tensor<1024x64xf32>) -> tensor<1024x64xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<1024x4096xf16, #strided>, tensor<4096x64xf16>)
      outs(%init : tensor<1024x64xf32>) -> tensor<1024x64xf32>
  return %y : tensor<1024x64xf32>
}

// Bitmap tiles: the buffers with elements (bitmap, offsets, values) are the load's sources,
// and its indices are [entry, row, column] of a tile; positions and coordinates drive.
// CHECK-LABEL: func.func @bitmap
// CHECK: ^bb0({{.*}}: tensor<8x256xf16>, %[[POS:[^:]*]]: tensor<9xi32>, %[[CRD:[^:]*]]: tensor<?xi32>, %[[BITS:[^:]*]]: tensor<?x16xi64>, %[[OFFSETS:[^:]*]]: tensor<?x16xi32>, %[[VALUES:[^:]*]]: tensor<?xf16>
// CHECK: tensor.extract %[[POS]]
// CHECK: sparse_tile.load {{.*}} runs [1, 64] at {
// CHECK: tensor.extract %[[CRD]]
// CHECK: } : tensor<8x256xf16> ->
// CHECK: sparse_tile.load %[[BITS]], %[[OFFSETS]], %[[VALUES]][{{.*}}] dims [0, 1] runs [1, 64] at {
// CHECK: ^bb0(%[[ROW:[^:]*]]: index, %[[P:[^:]*]]: index):
// CHECK: arith.remui %[[ROW]], %c16{{(_[0-9]+)?}}
// CHECK: arith.divui %[[P]], %c64{{(_[0-9]+)?}}
// CHECK: arith.remui %[[P]], %c64{{(_[0-9]+)?}}
// CHECK: } : tensor<?x16xi64>, tensor<?x16xi32>, tensor<?xf16> -> <16x64xf16, #sparsity.format<bitmap<16x64>>>
func.func @bitmap(%x: tensor<8x256xf16>, %w: tensor<128x256xf16, #bitmap>,
                  %init: tensor<8x128xf32>) -> tensor<8x128xf32> {
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<8x256xf16>, tensor<128x256xf16, #bitmap>)
      outs(%init : tensor<8x128xf32>) -> tensor<8x128xf32>
  return %y : tensor<8x128xf32>
}

// Tokens with lists of their own: a tile for each, of which one row is used (8 tokens are 32
// positions of tile 4). Only the weight columns of active features are read.
// CHECK-LABEL: func.func @activation
// CHECK: sparse_tile.forall sizes(%c32{{(_[0-9]+)?}}, %c128{{(_[0-9]+)?}}, %c256{{(_[0-9]+)?}}, %c8{{(_[0-9]+)?}}, %c128{{(_[0-9]+)?}}) tile [4, 64]
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index,
// CHECK: sparse_tile.pipeline below %{{.*}} step 64
// CHECK: sparse_tile.load %{{.*}}[%[[I]], %{{.*}}] dims [0, 1] runs [1, 1] at {
// CHECK: tensor.extract %[[CRD:.*]][
// CHECK: } : tensor<8x256xf16> -> <4x64xf16>
// CHECK: sparse_tile.load %{{.*}}[%[[J]], %{{.*}}] dims [0, 1] runs [1, 1] at {
// CHECK: tensor.extract %[[CRD]][
// CHECK: } : tensor<128x256xf16> -> <64x64xf16>
func.func @activation(%x: tensor<8x256xf16, #act>, %w: tensor<128x256xf16>,
                      %init: tensor<8x128xf32>) -> tensor<8x128xf32> {
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<8x256xf16, #act>, tensor<128x256xf16>)
      outs(%init : tensor<8x128xf32>) -> tensor<8x128xf32>
  return %y : tensor<8x128xf32>
}

// A result stored by the entries of a list: a work item for each tile of each entry, whose
// row group is searched for in the positions. The list is the result's as well.
// CHECK-LABEL: func.func @sddmm_block
// CHECK-DAG: %[[POSITIONS:.*]] = sparsity.field %{{.*}} "positions"
// CHECK-DAG: %[[COORDINATES:.*]] = sparsity.field %{{.*}} "coordinates"
// CHECK: %[[ENTRIES:.*]] = tensor.dim %[[COORDINATES]], %c0{{(_[0-9]+)?}}
// CHECK: %[[Y:.*]] = sparse_tile.forall sizes(%[[ENTRIES]], %c64{{(_[0-9]+)?}}, %c32{{(_[0-9]+)?}}, %c64{{(_[0-9]+)?}}, %c128{{(_[0-9]+)?}}, %c256{{(_[0-9]+)?}}) tile [1, 64, 32]
// CHECK: ^bb0(%[[E:[^:]*]]: index, %[[I:[^:]*]]: index, %[[J:[^:]*]]: index,
// CHECK: scf.while
// CHECK: arith.cmpi sge, %[[E]], %{{.*}}
// CHECK: %[[GROUP:.*]] = arith.subi %{{.*}}#0, %c1{{(_[0-9]+)?}}
// CHECK: %[[BASE:.*]] = arith.muli %[[GROUP]], %c64{{(_[0-9]+)?}}
// CHECK: arith.addi %[[BASE]], %[[I]]
// CHECK: tensor.extract %{{.*}}[%[[E]]]
// CHECK: %[[COLUMN:.*]] = arith.muli %{{.*}}, %c32{{(_[0-9]+)?}}
// CHECK: arith.addi %[[COLUMN]], %[[J]]
// CHECK: sparse_tile.store {{.*}} maps [#[[$ENTRY]], #[[$ENTRY]]]
// CHECK: sparsity.assemble %[[POSITIONS]], %[[COORDINATES]], %[[Y]]
func.func @sddmm_block(%a: tensor<128x64xf16>, %b: tensor<256x64xf16>,
                       %c: tensor<128x256xf32, #block>) -> tensor<128x256xf32, #block> {
  %y = linalg.matmul indexing_maps = #xw
      ins(%a, %b : tensor<128x64xf16>, tensor<256x64xf16>)
      outs(%c : tensor<128x256xf32, #block>) -> tensor<128x256xf32, #block>
  return %y : tensor<128x256xf32, #block>
}

// A result stored densely: the ordinary work items, of which those that the band does not
// meet run no step, and zeros outside the band.
// CHECK-LABEL: func.func @sddmm_mask
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[K:[^:]*]]: index,
// CHECK: %[[ABOVE:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}}
// CHECK: %[[BELOW:.*]] = arith.cmpi slt, %[[J]], %{{.*}}
// CHECK: %[[MEETS:.*]] = arith.andi %[[ABOVE]], %[[BELOW]]
// CHECK: %[[UPPER:.*]] = arith.select %[[MEETS]], %[[K]], %c0{{(_[0-9]+)?}}
// CHECK: sparse_tile.pipeline below %[[UPPER]] step 64
// CHECK: sparse_tile.store
// CHECK: ^bb0(%[[R:[^:]*]]: index, %[[C:[^:]*]]: index,
// CHECK: arith.cmpi sle, %[[C]], %[[R]]
// CHECK: %[[IN:.*]] = arith.andi
// CHECK: arith.select %[[IN]], %{{.*}}, %cst{{(_[0-9]+)?}}
func.func @sddmm_mask(%a: tensor<1024x64xf16>, %b: tensor<1024x64xf16>,
                      %c: tensor<1024x1024xf32, #window>) -> tensor<1024x1024xf32, #window> {
  %y = linalg.matmul indexing_maps = #xw
      ins(%a, %b : tensor<1024x64xf16>, tensor<1024x64xf16>)
      outs(%c : tensor<1024x1024xf32, #window>) -> tensor<1024x1024xf32, #window>
  return %y : tensor<1024x1024xf32, #window>
}

// Rows that follow the list of a gate. An expert begins at tile positions[e] / tile + e, so
// the grid needs no count that only the device knows: entries / 64 + 8 tiles of rows. The
// expert of a tile is searched for; past its last entry a tile runs no step.
// CHECK-LABEL: func.func @moe(
// CHECK: %[[ENTRIES:.*]] = tensor.dim %{{.*}}, %c0{{(_[0-9]+)?}} : tensor<?xi32>
// CHECK: %[[DIV:.*]] = arith.divui %[[ENTRIES]], %c64{{(_[0-9]+)?}}
// CHECK: %[[TILES:.*]] = arith.addi %[[DIV]], %c8{{(_[0-9]+)?}}
// CHECK: %[[ROWS:.*]] = arith.muli %[[TILES]], %c64{{(_[0-9]+)?}}
// CHECK: sparse_tile.forall sizes(%[[ROWS]], %c128{{(_[0-9]+)?}}, %c64{{(_[0-9]+)?}},
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[K:[^:]*]]: index,
// CHECK: %[[TILE:.*]] = arith.divui %[[I]], %c64{{(_[0-9]+)?}}
// CHECK: %[[E:.*]]:2 = scf.while
// CHECK: arith.cmpi slt, %[[TILE]],
// CHECK: tensor.extract %[[POS:.*]][%[[E]]#0]
// CHECK: %[[FIRST:.*]] = arith.index_cast
// CHECK: %[[PAST:.*]] = arith.index_cast
// CHECK: %[[BEGIN:.*]] = arith.addi %[[FIRST]], %{{.*}}
// CHECK: %[[TILEEND:.*]] = arith.addi %[[BEGIN]], %c64{{(_[0-9]+)?}}
// CHECK: %[[END:.*]] = arith.minsi %[[TILEEND]], %[[PAST]]
// CHECK: %[[SOME:.*]] = arith.cmpi slt, %[[BEGIN]], %[[END]]
// CHECK: %[[UPPER:.*]] = arith.select %[[SOME]], %[[K]], %c0{{(_[0-9]+)?}}
// CHECK: sparse_tile.pipeline below %[[UPPER]] step 64
// Rows of tokens, gathered by the list; the matrix of the expert, whole.
// CHECK: sparse_tile.load %{{.*}}[%[[I]], %{{.*}}] dims [0, 1] runs [1, 64] at {
// CHECK: %[[TOKEN:.*]] = tensor.extract
// CHECK: } : tensor<?x64xf16> -> <64x64xf16>
// CHECK: sparse_tile.load %{{.*}}[%[[E]]#0, %[[J]], %{{.*}}] dims [1, 2] : tensor<8x128x64xf16>
// The result has a row for each entry.
// CHECK: sparse_tile.store
// CHECK: } at {
// CHECK: ^bb0(%[[P:[^:]*]]: index, %{{[^:]*}}: index):
// CHECK: %[[OFF:.*]] = arith.subi %[[P]], %[[I]]
// CHECK: %[[N:.*]] = arith.addi %[[BEGIN]], %[[OFF]]
// CHECK: arith.cmpi slt, %[[N]], %[[END]]
// CHECK: sparse_tile.yield %[[N]],
func.func @moe(%x: tensor<?x64xf16>, %w: tensor<8x128x64xf16>,
               %g: tensor<?x8xf32, #sparsity.gate<top_k = 2>>, %init: tensor<?x128xf32>)
    -> tensor<?x128xf32> {
  %y = sparsity.grouped_matmul %x, %w by %g outs(%init) rhs_map affine_map<(g, f, k) -> (g, f, k)>
    : tensor<?x64xf16>, tensor<8x128x64xf16>, tensor<?x8xf32, #sparsity.gate<top_k = 2>> -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// A left operand with a row for each entry is read by entry: no list in its load.
// CHECK-LABEL: func.func @moe_compact
// CHECK: sparse_tile.pipeline
// CHECK: sparse_tile.load {{.*}} runs [1, 64] at {
// CHECK-NOT: tensor.extract
// CHECK: } : tensor<?x64xf16> -> <64x64xf16>
// CHECK: sparse_tile.load %{{.*}}[%{{.*}}#0, %{{.*}}, %{{.*}}] dims [2, 1] : tensor<8x64x128xf16>
func.func @moe_compact(%x: tensor<?x64xf16>, %w: tensor<8x64x128xf16>,
                       %g: tensor<?x8xf32, #sparsity.gate<top_k = 2>>, %init: tensor<?x128xf32>)
    -> tensor<?x128xf32> {
  %y = sparsity.grouped_matmul %x, %w by %g compact outs(%init) rhs_map affine_map<(g, f, k) -> (g, k, f)>
    : tensor<?x64xf16>, tensor<8x64x128xf16>, tensor<?x8xf32, #sparsity.gate<top_k = 2>> -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}
