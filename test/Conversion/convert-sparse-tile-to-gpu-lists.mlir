// Kernels of schedules that lists drive: gathered loads, pipelines that follow each other,
// and stores to computed places.

// RUN: sparsity-opt %s --convert-sparse-tile-to-gpu | FileCheck %s
// RUN: sparsity-opt %s --convert-sparse-tile-to-gpu --remark-format=emitRemark \
// RUN:   --remarks-filter=sparsity -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

#config = #sparse_tile.config<tile = [64, 64, 64], warps = [2, 2], stages = 3, raster = 1,
    swap = false, multiply = "f16", instruction = "mma.m16n8k16", sparse = false>

// REMARK-DAG: gathers element by element: rows of memref<?x64xf16{{.*}}> do not lie in runs of 16 bytes
// REMARK-NOT: SlowLoad{{.*}}memref<256x64xf16

// Rows by a list, runs of 64 along K: whole chunks of 16 bytes are copied asynchronously. The
// list is read behind the test of the position, and of a row that there is not no byte is
// copied: the last operand counts them.
// CHECK: llvm.func @gather_kernel0
// CHECK: %[[ROW:.*]]:2 = scf.if %{{.*}} -> (index, i1)
// CHECK: llvm.load %{{.*}} : !llvm.ptr<1> -> i32
// CHECK: } else {
// CHECK: %[[BYTES:.*]] = arith.select %[[ROW]]#1, %c16_i32{{[_0-9]*}}, %c0_i32
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache =  cg, %[[BYTES]] : !llvm.ptr<3>, !llvm.ptr<1>, i32
// CHECK: nvvm.ldmatrix
// CHECK: nvvm.mma.sync
// The result goes where the list says: it is read for positions of the iteration space only,
// and what the region does not keep is not written.
// CHECK: nvvm.bar.warp.sync
// CHECK: %[[PLACE:.*]]:3 = scf.if %{{.*}} -> (i32, i32, i32)
// CHECK: llvm.load %{{.*}} : !llvm.ptr<1> -> i32
// CHECK: arith.extui %{{.*}} : i1 to i32
// CHECK: } else {
// CHECK: %[[WRITTEN:.*]] = arith.cmpi eq, %[[PLACE]]#2,
// CHECK: scf.if %[[WRITTEN]]
// CHECK: llvm.store {{.*}} : vector<4xf32>, !llvm.ptr<1>

// A loop that starts at %j: its steps are those between %j and the extent, none if there is
// no place between. The second loop starts from the first's sums, when no copy of the first
// is under way and no warp reads its tiles any more.
// CHECK: llvm.func @chained_kernel0
// CHECK: %[[SOME:.*]] = arith.cmpi slt, %[[LOWER:.*]], %[[UPPER:.*]] : i32
// CHECK: %[[SPAN:.*]] = arith.subi %[[UPPER]], %[[LOWER]]
// CHECK: %[[WAY:.*]] = arith.select %[[SOME]], %[[SPAN]], %c0_i32
// CHECK: %[[UP:.*]] = arith.addi %[[WAY]], %c63_i32
// CHECK: %[[STEPS:.*]] = arith.divui %[[UP]], %c64_i32
// CHECK: %[[FIRST:.*]]:{{[0-9]+}} = scf.for %{{.*}} = %{{.*}} to %[[STEPS]] step
// CHECK: nvvm.mma.sync
// CHECK: nvvm.cp.async.wait.group 0
// CHECK-NEXT: nvvm.barrier
// CHECK: scf.for {{.*}} iter_args(%[[SUM:.*]] = %[[FIRST]]#0, %{{.*}} = %[[FIRST]]#1,
// CHECK: nvvm.mma.sync {{.*}} C[%[[SUM]],

// Listed bitmap tiles that the program expands are decoded on the way in: for 16 bytes the
// region is evaluated once, one word and one offset are read, bits are counted once, and
// only values that are present are read. An absent chunk reads nothing.
// CHECK: llvm.func @bitmap_kernel0
// CHECK: %[[WHERE:.*]]:4 = scf.if %{{.*}} -> (index, index, index, i1)
// CHECK: scf.if %[[WHERE]]#3 -> (f16, f16, f16, f16, f16, f16, f16, f16)
// CHECK: llvm.load %{{.*}} {alignment = 8 : i64} : !llvm.ptr<1> -> i64
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<1> -> i32
// CHECK: math.ctpop
// CHECK-NOT: -> i64
// CHECK-NOT: math.ctpop
// CHECK-COUNT-8: llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr<1> -> f16
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xf16>, !llvm.ptr<3>
// CHECK: nvvm.mma.sync

// CHECK-LABEL: func.func @gather
// CHECK-SAME: params = ["size s0", "pointer of argument 0", "pointer of argument 1", "pointer of argument 2", "pointer of argument 3"]
// CHECK: gpu.launch_func
// CHECK-NOT: sparse_tile
func.func @gather(%x: memref<256x64xf16>, %w: memref<64x64xf16>, %list: memref<?xi32>,
                  %y: memref<256x64xf32>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %entries = memref.dim %list, %c0 : memref<?xi32>
  sparse_tile.forall sizes(%entries, %c64, %c64) tile [64, 64]
      ins(%x, %w, %list : memref<256x64xf16>, memref<64x64xf16>, memref<?xi32>)
      outs(%y : memref<256x64xf32>) config = #config {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: memref<256x64xf16>,
       %wa: memref<64x64xf16>, %la: memref<?xi32>, %o: memref<256x64xf32>):
    %sum = sparse_tile.pipeline below %nk step 64 stages 3 load {
    ^bb0(%k: index):
      %a = sparse_tile.load %xa[%i, %k] dims [0, 1] runs [1, 64] at {
      ^bb0(%r: index, %c: index):
        %zero = arith.constant 0 : index
        %false = arith.constant false
        %true = arith.constant true
        %inside = arith.cmpi slt, %r, %ni : index
        %where:2 = scf.if %inside -> (index, i1) {
          %entry = memref.load %la[%r] : memref<?xi32>
          %row = arith.index_cast %entry : i32 to index
          scf.yield %row, %true : index, i1
        } else {
          scf.yield %zero, %false : index, i1
        }
        sparse_tile.yield %where#0, %c, %where#1 : index, index, i1
      } : memref<256x64xf16> -> <64x64xf16>
      %b = sparse_tile.load %wa[%j, %k] dims [0, 1] : memref<64x64xf16> -> <64x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<64x64xf16>, %b: !sparse_tile.tile<64x64xf16>, %c: !sparse_tile.tile<64x64xf32>):
      %d = sparse_tile.mma %a, %b, %c : <64x64xf16>, <64x64xf16>, <64x64xf32>
      sparse_tile.yield %d : !sparse_tile.tile<64x64xf32>
    } -> !sparse_tile.tile<64x64xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<64x64xf32>) ins()
        outs(%o : memref<256x64xf32>) maps [affine_map<(r, c) -> (r, c)>] {
    ^bb0(%r: index, %c: index, %s: f32):
      sparse_tile.yield %s : f32
    } at {
    ^bb0(%r: index, %c: index):
      %entry = memref.load %la[%r] : memref<?xi32>
      %row = arith.index_cast %entry : i32 to index
      %zero = arith.constant 0 : index
      %kept = arith.cmpi sge, %row, %zero : index
      sparse_tile.yield %row, %c, %kept : index, index, i1
    }
  }
  return
}

// Columns one by one: no chunk of 16 bytes lies together, so elements are loaded and stored
// to shared memory, and the remark says so.
// CHECK-LABEL: func.func @chained
func.func @chained(%x: memref<?x64xf16>, %w: memref<64x64xf16>, %list: memref<?xi32>,
                   %y: memref<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %rows = memref.dim %x, %c0 : memref<?x64xf16>
  sparse_tile.forall sizes(%rows, %c64, %c64) tile [64, 64]
      ins(%x, %w, %list : memref<?x64xf16>, memref<64x64xf16>, memref<?xi32>)
      outs(%y : memref<?x64xf32>) config = #config {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: memref<?x64xf16>,
       %wa: memref<64x64xf16>, %la: memref<?xi32>, %o: memref<?x64xf32>):
    %first = sparse_tile.pipeline from %j below %nk step 64 stages 3 load {
    ^bb0(%k: index):
      %a = sparse_tile.load %xa[%i, %k] dims [0, 1] : memref<?x64xf16> -> <64x64xf16>
      %b = sparse_tile.load %wa[%j, %k] dims [0, 1] : memref<64x64xf16> -> <64x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<64x64xf16>, %b: !sparse_tile.tile<64x64xf16>, %c: !sparse_tile.tile<64x64xf32>):
      %d = sparse_tile.mma %a, %b, %c : <64x64xf16>, <64x64xf16>, <64x64xf32>
      sparse_tile.yield %d : !sparse_tile.tile<64x64xf32>
    } -> !sparse_tile.tile<64x64xf32>
    %sum = sparse_tile.pipeline below %nk step 64 stages 3 init(%first : !sparse_tile.tile<64x64xf32>) load {
    ^bb0(%k: index):
      %a = sparse_tile.load %xa[%i, %k] dims [0, 1] runs [1, 1] at {
      ^bb0(%r: index, %c: index):
        %zero = arith.constant 0 : index
        %false = arith.constant false
        %true = arith.constant true
        %inside = arith.cmpi slt, %r, %ni : index
        %where:2 = scf.if %inside -> (index, i1) {
          %entry = memref.load %la[%c] : memref<?xi32>
          %column = arith.index_cast %entry : i32 to index
          scf.yield %column, %true : index, i1
        } else {
          scf.yield %zero, %false : index, i1
        }
        sparse_tile.yield %r, %where#0, %where#1 : index, index, i1
      } : memref<?x64xf16> -> <64x64xf16>
      %b = sparse_tile.load %wa[%j, %k] dims [0, 1] : memref<64x64xf16> -> <64x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<64x64xf16>, %b: !sparse_tile.tile<64x64xf16>, %c: !sparse_tile.tile<64x64xf32>):
      %d = sparse_tile.mma %a, %b, %c : <64x64xf16>, <64x64xf16>, <64x64xf32>
      sparse_tile.yield %d : !sparse_tile.tile<64x64xf32>
    } -> !sparse_tile.tile<64x64xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<64x64xf32>) ins()
        outs(%o : memref<?x64xf32>) maps [affine_map<(r, c) -> (r, c)>] {
    ^bb0(%r: index, %c: index, %s: f32):
      sparse_tile.yield %s : f32
    }
  }
  return
}

// CHECK-LABEL: func.func @bitmap
// CHECK: gpu.launch_func
func.func @bitmap(%bits: memref<?x64xi64>, %offsets: memref<?x64xi32>, %values: memref<?xf16>,
                  %w: memref<64x64xf16>, %y: memref<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %rows = memref.dim %y, %c0 : memref<?x64xf32>
  sparse_tile.forall sizes(%rows, %c64, %c64) tile [64, 64]
      ins(%bits, %offsets, %values, %w : memref<?x64xi64>, memref<?x64xi32>, memref<?xf16>, memref<64x64xf16>)
      outs(%y : memref<?x64xf32>) config = #config {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %ba: memref<?x64xi64>,
       %oa: memref<?x64xi32>, %va: memref<?xf16>, %wa: memref<64x64xf16>, %o: memref<?x64xf32>):
    %sum = sparse_tile.pipeline below %nk step 64 stages 3 load {
    ^bb0(%k: index):
      %t = sparse_tile.load %ba, %oa, %va[%i, %k] dims [0, 1] runs [1, 64] at {
      ^bb0(%r: index, %c: index):
        %zero = arith.constant 0 : index
        %sixty_four = arith.constant 64 : index
        %false = arith.constant false
        %true = arith.constant true
        %inside = arith.cmpi slt, %r, %ni : index
        %where:4 = scf.if %inside -> (index, index, index, i1) {
          %entry = arith.divui %r, %sixty_four : index
          %in = arith.remui %r, %sixty_four : index
          scf.yield %entry, %in, %c, %true : index, index, index, i1
        } else {
          scf.yield %zero, %zero, %zero, %false : index, index, index, i1
        }
        sparse_tile.yield %where#0, %where#1, %where#2, %where#3 : index, index, index, i1
      } : memref<?x64xi64>, memref<?x64xi32>, memref<?xf16>
          -> <64x64xf16, #sparsity.format<bitmap<64x64>>>
      %a = sparse_tile.expand %t : <64x64xf16, #sparsity.format<bitmap<64x64>>> -> <64x64xf16>
      %b = sparse_tile.load %wa[%j, %k] dims [0, 1] : memref<64x64xf16> -> <64x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<64x64xf16>, %b: !sparse_tile.tile<64x64xf16>, %c: !sparse_tile.tile<64x64xf32>):
      %d = sparse_tile.mma %a, %b, %c : <64x64xf16>, <64x64xf16>, <64x64xf32>
      sparse_tile.yield %d : !sparse_tile.tile<64x64xf32>
    } -> !sparse_tile.tile<64x64xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<64x64xf32>) ins()
        outs(%o : memref<?x64xf32>) maps [affine_map<(r, c) -> (r, c)>] {
    ^bb0(%r: index, %c: index, %s: f32):
      sparse_tile.yield %s : f32
    }
  }
  return
}
