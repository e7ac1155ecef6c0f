// RUN: sparsity-opt %s --convert-sparse-tile-to-gpu | FileCheck %s
// RUN: sparsity-opt %s --convert-sparse-tile-to-gpu=target=sm_90a | FileCheck %s --check-prefix=SM90A
// RUN: not sparsity-opt %s --convert-sparse-tile-to-gpu=target=cpu 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not sparsity-opt %s --convert-sparse-tile-to-gpu=target=sm_75 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: sed 's/multiply = "f16", instruction = "mma.m16n8k16"/multiply = "tf32", instruction = "wgmma.m64k16"/' %s | not sparsity-opt --convert-sparse-tile-to-gpu=target=sm_90a 2>&1 | FileCheck %s --check-prefix=MISMATCH

// MISMATCH: error: {{.*}}expected an instruction that multiplies tf32, but got wgmma.m64k16
// CPU: error: expected a GPU target among cpu, sm_80, sm_90a, but got "cpu"
// UNKNOWN: error: expected a GPU target among cpu, sm_80, sm_90a, but got "sm_75"

#dense = #sparse_tile.config<tile = [128, 128, 64], warps = [2, 2], stages = 3, raster = 4,
    swap = false, multiply = "f16", instruction = "mma.m16n8k16", sparse = false>
#packed = #sparse_tile.config<tile = [128, 128, 64], warps = [2, 2], stages = 3, raster = 4,
    swap = false, multiply = "f16", instruction = "mma.sp::ordered_metadata.m16n8k32", sparse = true>
#elementwise = #sparse_tile.config<tile = [32, 128, 1], warps = [2, 2], stages = 1, raster = 1,
    swap = false, multiply = "none", instruction = "elementwise", sparse = false>
#core = #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>

// One module of kernels, for the chip of the target's row.
// CHECK: module attributes {gpu.container_module}
// CHECK: gpu.module @sparsity_kernels [#nvvm.target<{{.*}}chip = "sm_80", features = "+ptx85">]
// SM90A: gpu.module @sparsity_kernels [#nvvm.target<{{.*}}chip = "sm_90a", features = "+ptx85">]

// Static sizes are constants of the kernel: its parameters are the dynamic size and the
// buffers.
// CHECK: llvm.func @dense_kernel0(%{{[^:]*}}: i32, %{{[^:]*}}: !llvm.ptr<1> {{{.*}}}, %{{[^:]*}}: !llvm.ptr<1> {{{.*}}}, %{{[^:]*}}: !llvm.ptr<1> {{{.*}}})
// CHECK-SAME: gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>
// CHECK: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.wait.group
// CHECK: nvvm.barrier
// CHECK: nvvm.ldmatrix
// CHECK: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sp.sync
// CHECK: llvm.func @packed_kernel0
// CHECK-NOT: nvvm.mma.sync
// CHECK: nvvm.mma.sp.sync {{.*}}orderedMetadata
// CHECK-NOT: nvvm.mma.sync
// CHECK: llvm.func @elementwise_kernel0
// CHECK-NOT: nvvm.mma

// The host launches one block per tile: (rows + 127) / 128 * 1.
// CHECK-LABEL: func.func @dense
// CHECK-SAME: sparsity.launches = [{block = array<i64: 128, 1, 1>, grid = #{{[^,]*}}, kernel = "dense_kernel0", params = ["size s0", "pointer of argument 0", "pointer of argument 1", "pointer of argument 2"]
// CHECK: %[[STREAM:.*]] = llvm.call @sparsityGetStream() : () -> !llvm.ptr
// CHECK: gpu.launch_func <%[[STREAM]] : !llvm.ptr> @sparsity_kernels::@dense_kernel0 blocks in (%{{.*}}, %{{.*}}, %{{.*}}) threads in (%{{.*}}, %{{.*}}, %{{.*}}) : i64 dynamic_shared_memory_size %{{.*}} args(
// CHECK-NOT: sparse_tile
func.func @dense(%x: memref<?x256xf16>, %w: memref<256x128xf16>, %y: memref<?x128xf32>) {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %rows = memref.dim %x, %c0 : memref<?x256xf16>
  sparse_tile.forall sizes(%rows, %c128, %c256) tile [128, 128]
      ins(%x, %w : memref<?x256xf16>, memref<256x128xf16>) outs(%y : memref<?x128xf32>)
      config = #dense {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: memref<?x256xf16>,
       %wa: memref<256x128xf16>, %o: memref<?x128xf32>):
    %sum = sparse_tile.pipeline below %nk step 64 stages 3 load {
    ^bb0(%k: index):
      %a = sparse_tile.load %xa[%i, %k] dims [0, 1] : memref<?x256xf16> -> !sparse_tile.tile<128x64xf16>
      %b = sparse_tile.load %wa[%k, %j] dims [1, 0] : memref<256x128xf16> -> !sparse_tile.tile<128x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<128x64xf16>, !sparse_tile.tile<128x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<128x64xf16>, %b: !sparse_tile.tile<128x64xf16>, %c: !sparse_tile.tile<128x128xf32>):
      %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<128x64xf16>,
          !sparse_tile.tile<128x64xf16>, !sparse_tile.tile<128x128xf32>
      sparse_tile.yield %d : !sparse_tile.tile<128x128xf32>
    } -> !sparse_tile.tile<128x128xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<128x128xf32>) ins()
        outs(%o : memref<?x128xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %value: f32):
      sparse_tile.yield %value : f32
    }
  }
  return
}

func.func @packed(%v: memref<4x2x64x32xf16>, %m: memref<4x2x128xi32>, %x: memref<64x256xf16>,
                  %y: memref<128x64xf32>) {
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  sparse_tile.forall sizes(%c128, %c64, %c256) tile [128, 128]
      ins(%v, %m, %x : memref<4x2x64x32xf16>, memref<4x2x128xi32>, memref<64x256xf16>)
      outs(%y : memref<128x64xf32>) config = #packed {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %va: memref<4x2x64x32xf16>,
       %ma: memref<4x2x128xi32>, %xa: memref<64x256xf16>, %o: memref<128x64xf32>):
    %sum = sparse_tile.pipeline below %nk step 64 stages 3 load {
    ^bb0(%k: index):
      %a = sparse_tile.load %va, %ma[%i, %k] dims [0, 1] : memref<4x2x64x32xf16>, memref<4x2x128xi32>
          -> !sparse_tile.tile<128x64xf16, #core>
      %b = sparse_tile.load %xa[%j, %k] dims [0, 1] : memref<64x256xf16> -> !sparse_tile.tile<128x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<128x64xf16, #core>, !sparse_tile.tile<128x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<128x64xf16, #core>, %b: !sparse_tile.tile<128x64xf16>, %c: !sparse_tile.tile<128x128xf32>):
      %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<128x64xf16, #core>,
          !sparse_tile.tile<128x64xf16>, !sparse_tile.tile<128x128xf32>
      sparse_tile.yield %d : !sparse_tile.tile<128x128xf32>
    } -> !sparse_tile.tile<128x128xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<128x128xf32>) ins()
        outs(%o : memref<128x64xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %value: f32):
      sparse_tile.yield %value : f32
    }
  }
  return
}

// A temporary comes from the workspace under a key of this module; nothing is allocated on
// the host.
// CHECK-LABEL: func.func @elementwise
// CHECK: %[[KEY:.*]] = llvm.mlir.addressof @elementwise_workspace0
// CHECK: llvm.call @sparsityWorkspace(
// CHECK-NOT: memref.alloc
// CHECK: gpu.launch_func {{.*}} @sparsity_kernels::@elementwise_kernel0
// CHECK: gpu.launch_func {{.*}} @sparsity_kernels::@elementwise_kernel1
func.func @elementwise(%x: memref<32x256xf32>, %y: memref<32x256xf32>) {
  %c32 = arith.constant 32 : index
  %c256 = arith.constant 256 : index
  %t = memref.alloc() : memref<32x256xf32>
  sparse_tile.forall sizes(%c32, %c256) tile [32, 128]
      ins(%x : memref<32x256xf32>) outs(%t : memref<32x256xf32>) config = #elementwise {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %xa: memref<32x256xf32>, %o: memref<32x256xf32>):
    sparse_tile.store tiles() ins(%xa : memref<32x256xf32>) outs(%o : memref<32x256xf32>)
        maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %value: f32):
      %n = arith.negf %value : f32
      sparse_tile.yield %n : f32
    }
  }
  sparse_tile.forall sizes(%c32, %c256) tile [32, 128]
      ins(%t : memref<32x256xf32>) outs(%y : memref<32x256xf32>) config = #elementwise {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %xa: memref<32x256xf32>, %o: memref<32x256xf32>):
    sparse_tile.store tiles() ins(%xa : memref<32x256xf32>) outs(%o : memref<32x256xf32>)
        maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %value: f32):
      %n = arith.mulf %value, %value : f32
      sparse_tile.yield %n : f32
    }
  }
  return
}
