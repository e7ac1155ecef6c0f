// The schedule of attention: phases of the mask become loops over keys.

// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --convert-sparsity-to-tile --canonicalize --cse | FileCheck %s

// Three terms, three loops, each with the sums of the one before: the window by its
// bounds, every 512th key gathered, the first four; and no key twice.
// CHECK-LABEL: @longformer
// CHECK: sparse_tile.forall sizes({{.*}}) tile [1, 128, 64]
// CHECK: %[[Q:.*]] = sparse_tile.load {{.*}} dims [1, 2] : tensor<8x?x64xbf16> -> <128x64xbf16>
// CHECK: %[[W:.*]]:3 = sparse_tile.pipeline from {{.*}} step 64 stages 2 init(
// CHECK:   sparse_tile.load {{.*}} dims [1, 2] : tensor<8x?x64xbf16> -> <64x64xbf16>
// CHECK:   sparse_tile.load {{.*}} dims [2, 1] : tensor<8x?x64xbf16> -> <64x64xbf16>
// CHECK:   sparse_tile.mma %[[Q]],
// CHECK:   sparse_tile.score {{.*}} full {{.*}} where {
// CHECK:   sparse_tile.online_softmax
// CHECK:   sparse_tile.mma
// CHECK: %[[S:.*]]:3 = sparse_tile.pipeline below {{.*}} init(%[[W]]#0, %[[W]]#1, %[[W]]#2
// CHECK:   sparse_tile.load {{.*}} dims [0, 1] runs [1, 64] at {
// CHECK:     arith.muli {{.*}}, %c512
// CHECK:   sparse_tile.load {{.*}} dims [0, 1] runs [64, 1] at {
// CHECK: %[[P:.*]]:3 = sparse_tile.pipeline below {{.*}} init(%[[S]]#0, %[[S]]#1, %[[S]]#2
// CHECK-NOT: sparse_tile.pipeline
// CHECK: sparse_tile.store tiles(%[[P]]#0, %[[P]]#2
func.func @longformer(%q: tensor<8x?x64xbf16>, %k: tensor<8x?x64xbf16>, %v: tensor<8x?x64xbf16>) -> tensor<8x?x64xbf16> {
  %o = sparsity.attention %q, %k, %v
      mask(#sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.any_of<[#sparsity.window<left = 511>, #sparsity.strided<period = 512>, #sparsity.prefix<length = 4>]>]>)
      : (tensor<8x?x64xbf16>, tensor<8x?x64xbf16>, tensor<8x?x64xbf16>) -> tensor<8x?x64xbf16>
  return %o : tensor<8x?x64xbf16>
}

// Four heads of queries read one of keys; the head size is padded to the instruction.
// CHECK-LABEL: @grouped
// CHECK: %[[C4:.*]] = arith.constant 4 : index
// CHECK: %[[KV:.*]] = arith.divui %{{.*}}, %[[C4]]
// CHECK: sparse_tile.load {{.*}} : tensor<2x8x100x72xf16> -> <128x80xf16>
// CHECK: sparse_tile.load %{{.*}}[%{{.*}}, %[[KV]], %{{.*}}, %{{.*}}] dims [2, 3] : tensor<2x2x100x72xf16> -> <64x80xf16>
// CHECK: sparse_tile.score {{.*}} scale 0.117851131
// CHECK: sparse_tile.store tiles({{.*}}) ins() outs({{.*}} : tensor<2x8x100x72xf16>)
// CHECK: sparse_tile.store tiles({{.*}}) ins() outs({{.*}} : tensor<2x8x100xf32>)
// CHECK: math.log
func.func @grouped(%q: tensor<2x8x100x72xf16>, %k: tensor<2x2x100x72xf16>, %v: tensor<2x2x100x72xf16>) -> (tensor<2x8x100x72xf16>, tensor<2x8x100xf32>) {
  %o, %l = sparsity.attention %q, %k, %v : (tensor<2x8x100x72xf16>, tensor<2x2x100x72xf16>, tensor<2x2x100x72xf16>) -> (tensor<2x8x100x72xf16>, tensor<2x8x100xf32>)
  return %o, %l : tensor<2x8x100x72xf16>, tensor<2x8x100xf32>
}

// A list of blocks drives the loop; tiles of queries never meet two of its groups.
// CHECK-LABEL: @blocks
// CHECK: sparse_tile.forall {{.*}} tile [1, 64, 64]
// CHECK: %[[FIRST:.*]] = tensor.extract
// CHECK: tensor.extract
// CHECK: sparse_tile.pipeline below
// CHECK: at {
// CHECK: tensor.extract
func.func @blocks(%q: tensor<1x?x64xbf16>, %k: tensor<1x?x64xbf16>, %v: tensor<1x?x64xbf16>, %p: tensor<?xi32>, %c: tensor<?xi32>) -> tensor<1x?x64xbf16> {
  %o = sparsity.attention %q, %k, %v mask(#sparsity.block<64x128>, %p, %c : tensor<?xi32>, tensor<?xi32>) : (tensor<1x?x64xbf16>, tensor<1x?x64xbf16>, tensor<1x?x64xbf16>) -> tensor<1x?x64xbf16>
  return %o : tensor<1x?x64xbf16>
}
