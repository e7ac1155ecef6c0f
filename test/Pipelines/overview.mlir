// One 64x64 layer with 2:4 weights, y = relu(x * transpose(W)), through every stage of the
// pipeline to sm_80. docs/Overview.md shows what each of these commands prints.

// RUN: python3 %S/../../tools/scripts/update-overview --check

// RUN: sparsity-opt %s | FileCheck %s --check-prefix=SOURCE
// SOURCE: linalg.matmul
// SOURCE: arith.maximumf

// RUN: sparsity-opt %s --sparsity-fuse-epilogues --sparsity-select-config=target=sm_80 \
// RUN:   --sparsity-resolve-storage=target=sm_80 | FileCheck %s --check-prefix=CONFIG
// CONFIG: tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>
// CONFIG: #sparse_tile.config<tile = [128, 128, 64]

// RUN: sparsity-opt %s --sparsity-fuse-epilogues --sparsity-select-config=target=sm_80 \
// RUN:   --sparsity-resolve-storage=target=sm_80 --convert-sparsity-to-tile --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=TILE
// TILE: sparse_tile.forall
// TILE: sparse_tile.pipeline
// TILE: sparse_tile.store
// TILE-NOT: linalg

// RUN: sparsity-opt %s --sparsity-fuse-epilogues --sparsity-select-config=target=sm_80 \
// RUN:   --sparsity-resolve-storage=target=sm_80 --convert-sparsity-to-tile --canonicalize --cse \
// RUN:   --sparse-tile-split-partial --sparse-tile-legalize-formats --sparse-tile-assign-work \
// RUN:   --sparsity-materialize-storage --canonicalize --sparsity-verify-materialized \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   --sparsity-finalize-abi --canonicalize | FileCheck %s --check-prefix=BUFFER
// BUFFER: memref<1x1x64x32xf16>
// BUFFER-NOT: tensor.
// BUFFER: sparse_tile.forall

// RUN: sparsity-opt %s --sparsity-to-nvvm=target=sm_80 | FileCheck %s --check-prefix=KERNEL
// KERNEL: nvvm.mma.sp.sync
// KERNEL: gpu.launch_func

// RUN: sparsity-translate %s --to-ptx --target=sm_80 | FileCheck %s --check-prefix=PTX
// PTX: mma.sp::ordered_metadata

func.func @layer(%x: tensor<?x64xf16>,
                 %w: tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>)
    -> tensor<?x64xf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x64xf16>
  %empty = tensor.empty(%tokens) : tensor<?x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x64xf32>) -> tensor<?x64xf32>
  %sum = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x64xf16>, tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%init : tensor<?x64xf32>) -> tensor<?x64xf32>
  %out = tensor.empty(%tokens) : tensor<?x64xf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<?x64xf32>) outs(%out : tensor<?x64xf16>) {
  ^bb0(%s: f32, %o: f16):
    %r = arith.maximumf %s, %zero : f32
    %t = arith.truncf %r : f32 to f16
    linalg.yield %t : f16
  } -> tensor<?x64xf16>
  return %y : tensor<?x64xf16>
}
