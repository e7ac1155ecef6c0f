// RUN: sparsity-opt %s -split-input-file -verify-diagnostics -allow-unregistered-dialect

// One failing test per message of the verifiers.

func.func private @config() attributes {
  // expected-error @+1 {{expected three positive tile extents, but got [}}
  config = #sparse_tile.config<tile = [16, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false>
}

// -----

func.func private @config() attributes {
  // expected-error @+1 {{expected three positive tile extents, but got}}
  config = #sparse_tile.config<tile = [16, 0, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false>
}

// -----

func.func private @config() attributes {
  // expected-error @+1 {{expected two positive warp counts, but got [}}
  config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false>
}

// -----

func.func private @config() attributes {
  // expected-error @+1 {{expected two positive warp counts, but got}}
  config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, -1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false>
}

// -----

func.func private @config() attributes {
  // expected-error @+1 {{expected at least 1 stage, but got 0}}
  config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 0, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false>
}

// -----

func.func private @config() attributes {
  // expected-error @+1 {{expected a raster of at least 1, but got 0}}
  config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 0, swap = false, multiply = "f16", instruction = "fma", sparse = false>
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected at least two parallel dimensions, but got 1}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %ni: index, %nj: index, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected a size for each of 2 parallel dimensions, but got 1}}
  %r = sparse_tile.forall sizes(%n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } -> tensor<8x8xf32>
  return
}

// -----

// A matrix is no order.
func.func @forall(%x: tensor<8x8xf16>, %p: tensor<?xi32>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected sparse_tile.order with the position of an input of rank 1 and type i32, and a positive number of rows, but got array<i64: 0, 64>}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins(%x : tensor<8x8xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %a: tensor<8x8xf16>, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } {sparse_tile.order = array<i64: 0, 64>} -> tensor<8x8xf32>
  return
}

// -----

// There is no second input.
func.func @forall(%x: tensor<8x8xf16>, %p: tensor<?xi32>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected sparse_tile.order with the position of an input of rank 1 and type i32, and a positive number of rows, but got array<i64: 1, 64>}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins(%p : tensor<?xi32>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %a: tensor<?xi32>, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } {sparse_tile.order = array<i64: 1, 64>} -> tensor<8x8xf32>
  return
}

// -----

// Groups of no rows.
func.func @forall(%x: tensor<8x8xf16>, %p: tensor<?xi32>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected sparse_tile.order with the position of an input of rank 1 and type i32, and a positive number of rows, but got array<i64: 0, 0>}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins(%p : tensor<?xi32>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %a: tensor<?xi32>, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } {sparse_tile.order = array<i64: 0, 0>} -> tensor<8x8xf32>
  return
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected 5 block arguments, but got 4}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index):
    sparse_tile.yield
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected block argument #1 of type index, but got 'i32'}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: i32, %ni: index, %nj: index, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected block argument #4 of type 'tensor<8x8xf16>', but got 'tensor<8x8xf32>'}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins(%x : tensor<8x8xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %xa: tensor<8x8xf32>, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected block argument #4 of type 'tensor<8x8xf32>', but got 'tensor<8x8xf16>'}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %o: tensor<8x8xf16>):
    sparse_tile.yield
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected one result per output tensor, of its type}}
  sparse_tile.forall sizes(%n, %n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %o: tensor<8x8xf32>):
    sparse_tile.yield
  }
  return
}

// -----

func.func @forall(%x: tensor<8x8xf16>, %out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected one result per output tensor, of its type}}
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } -> tensor<8x8xf16>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected a positive step, but got 0}}
    %sum = sparse_tile.pipeline below %nk step 0 stages 1 load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected at least 1 stage, but got 0}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 0 load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected the load region to take one index}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: i32):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected the load region to take one index}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: index, %l: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected both regions to end with a yield}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      "test.end"() : () -> ()
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected both regions to end with a yield}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      "test.end"() : () -> ()
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected the compute region to take the loaded tiles, then the accumulators}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%c: !sparse_tile.tile<16x16xf32>, %b: !sparse_tile.tile<16x64xf16>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected the compute region to yield the accumulators}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %b : !sparse_tile.tile<16x64xf16>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @outside(%n: index) {
  // expected-error @+1 {{expects parent op 'sparse_tile.forall'}}
  %r = sparse_tile.pipeline below %n step 1 stages 1 load {
  ^bb0(%k: index):
    sparse_tile.yield
  } compute {
    sparse_tile.yield
  } -> !sparse_tile.tile<16x16xf32>
  return
}

// -----

func.func @load(%i: index) {
  // expected-error @+1 {{expected at least one source, but got none}}
  %t = "sparse_tile.load"(%i, %i) <{dims = array<i64: 0, 1>, operandSegmentSizes = array<i32: 0, 2>}> ({
  }) : (index, index) -> !sparse_tile.tile<8x64xf16>
  return
}

// -----

func.func @load(%x: tensor<8x64xf16>, %i: index) {
  // expected-error @+1 {{expected 2 dims, one per tile dimension, but got 1}}
  %t = sparse_tile.load %x[%i, %i] dims [0] : tensor<8x64xf16> -> !sparse_tile.tile<8x64xf16>
  return
}

// -----

func.func @load(%x: tensor<8x64xf16>, %i: index) {
  // expected-error @+1 {{expected 2 indices, but got 1}}
  %t = sparse_tile.load %x[%i] dims [0, 0] : tensor<8x64xf16> -> !sparse_tile.tile<8x64xf16>
  return
}

// -----

func.func @load(%x: tensor<8x64xf16>, %i: index) {
  // expected-error @+1 {{expected a tile of 'f16', but got 'f32'}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 1] : tensor<8x64xf16> -> !sparse_tile.tile<8x64xf32>
  return
}

// -----

func.func @load(%x: tensor<8x64xf16>, %i: index) {
  // expected-error @+1 {{expected dims between -1 and 1, but got 2}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 2] : tensor<8x64xf16> -> !sparse_tile.tile<8x64xf16>
  return
}

// -----

func.func @load(%x: tensor<8x64xf16>, %i: index) {
  // expected-error @+1 {{expected dims between -1 and 1, but got -2}}
  %t = sparse_tile.load %x[%i, %i] dims [-2, 1] : tensor<8x64xf16> -> !sparse_tile.tile<8x64xf16>
  return
}

// -----

func.func @mma(%a: !sparse_tile.tile<16x64xf16>, %b: !sparse_tile.tile<8x32xf16>, %c: !sparse_tile.tile<16x8xf32>) {
  // expected-error @+1 {{expected tiles r x k, c x k and r x c, but got '!sparse_tile.tile<16x64xf16>', '!sparse_tile.tile<8x32xf16>' and '!sparse_tile.tile<16x8xf32>'}}
  %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<16x64xf16>, !sparse_tile.tile<8x32xf16>, !sparse_tile.tile<16x8xf32>
  return
}

// -----

func.func @mma(%a: !sparse_tile.tile<16x64xf16>, %b: !sparse_tile.tile<64x8xf16>, %c: !sparse_tile.tile<16x8xf32>) {
  // expected-error @+1 {{expected tiles r x k, c x k and r x c, but got '!sparse_tile.tile<16x64xf16>', '!sparse_tile.tile<64x8xf16>' and '!sparse_tile.tile<16x8xf32>'}}
  %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<16x64xf16>, !sparse_tile.tile<64x8xf16>, !sparse_tile.tile<16x8xf32>
  return
}

// -----

func.func @mma(%a: !sparse_tile.tile<16x64xf16>, %b: !sparse_tile.tile<8x64xf16>, %c: !sparse_tile.tile<8x16xf32>) {
  // expected-error @+1 {{expected tiles r x k, c x k and r x c, but got '!sparse_tile.tile<16x64xf16>', '!sparse_tile.tile<8x64xf16>' and '!sparse_tile.tile<8x16xf32>'}}
  %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<16x64xf16>, !sparse_tile.tile<8x64xf16>, !sparse_tile.tile<8x16xf32>
  return
}

// -----

func.func @mma(%a: !sparse_tile.tile<64xf16>, %b: !sparse_tile.tile<8x64xf16>, %c: !sparse_tile.tile<16x8xf32>) {
  // expected-error @+1 {{expected tiles r x k, c x k and r x c, but got '!sparse_tile.tile<64xf16>', '!sparse_tile.tile<8x64xf16>' and '!sparse_tile.tile<16x8xf32>'}}
  %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<64xf16>, !sparse_tile.tile<8x64xf16>, !sparse_tile.tile<16x8xf32>
  return
}

// -----

func.func @expand(%a: !sparse_tile.tile<16x64xf16>) {
  // expected-error @+1 {{expected a tile with a format and the same tile without, but got '!sparse_tile.tile<16x64xf16>' and '!sparse_tile.tile<16x64xf16>'}}
  %d = sparse_tile.expand %a : !sparse_tile.tile<16x64xf16> -> !sparse_tile.tile<16x64xf16>
  return
}

// -----

func.func @expand(%a: !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>) {
  // expected-error @+1 {{expected a tile with a format and the same tile without, but got '!sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>' and '!sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>'}}
  %d = sparse_tile.expand %a : !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>> -> !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>
  return
}

// -----

func.func @expand(%a: !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>) {
  // expected-error @+1 {{expected a tile with a format and the same tile without, but got '!sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>' and '!sparse_tile.tile<16x32xf16>'}}
  %d = sparse_tile.expand %a : !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>> -> !sparse_tile.tile<16x32xf16>
  return
}

// -----

func.func @expand(%a: !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>) {
  // expected-error @+1 {{expected a tile with a format and the same tile without, but got '!sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>' and '!sparse_tile.tile<16x64xf32>'}}
  %d = sparse_tile.expand %a : !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>> -> !sparse_tile.tile<16x64xf32>
  return
}

// -----

func.func @store(%out: tensor<8x8xf32>, %s: f32) {
  // expected-error @+1 {{expected to be inside a sparse_tile.forall}}
  sparse_tile.store tiles() ins() outs(%out : tensor<8x8xf32>) maps [affine_map<(i, j) -> (i, j)>] {
  ^bb0(%si: index, %sj: index):
    sparse_tile.yield %s : f32
  }
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    %s = arith.constant 1.0 : f32
    // expected-error @+1 {{expected a map per input and output, but got 2 maps}}
    sparse_tile.store tiles() ins() outs(%o : tensor<8x8xf32>) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index):
      sparse_tile.yield %s : f32
    }
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    %s = arith.constant 1.0 : f32
    // expected-error @+1 {{expected maps of 2 dimensions, but got 3}}
    sparse_tile.store tiles() ins() outs(%o : tensor<8x8xf32>) maps [affine_map<(i, j, k) -> (i, j)>] {
    ^bb0(%si: index, %sj: index):
      sparse_tile.yield %s : f32
    }
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    %s = arith.constant 1.0 : f32
    // expected-error @+1 {{expected 2 block arguments, but got 1}}
    sparse_tile.store tiles() ins() outs(%o : tensor<8x8xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index):
      sparse_tile.yield %s : f32
    }
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    %s = arith.constant 1.0 : f32
    // expected-error @+1 {{expected 1 yielded values, but got 0}}
    sparse_tile.store tiles() ins() outs(%o : tensor<8x8xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index):
      sparse_tile.yield
    }
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    %s = arith.constant 1.0 : f32
    // expected-error @+1 {{expected to yield 'f32', but got 'index'}}
    sparse_tile.store tiles() ins() outs(%o : tensor<8x8xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index):
      sparse_tile.yield %si : index
    }
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @forall(%out: tensor<8x8xf32>, %n: index) {
  // expected-error @+1 {{expected positive tile extents, but got 0}}
  %r = sparse_tile.forall sizes(%n, %n) tile [0, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %o: tensor<8x8xf32>):
    sparse_tile.yield
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected the load region to yield tiles, but got 'index'}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: index):
      sparse_tile.yield %k : index
    } compute {
    ^bb0(%b: index, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

#below = affine_set<(d0, d1) : (d0 - d1 >= 0)>
func.func @mask_dims(%t: !sparse_tile.tile<16x64xf16>, %i: index) {
  // expected-error @+1 {{expected 2 dims, one per tile dimension, but got 1}}
  %m = sparse_tile.mask %t[%i, %i] dims [0] where [#below]
      coverage = <unknown> : !sparse_tile.tile<16x64xf16>
  return
}

// -----

#below = affine_set<(d0, d1) : (d0 - d1 >= 0)>
func.func @mask_dims_range(%t: !sparse_tile.tile<16x64xf16>, %i: index) {
  // expected-error @+1 {{expected dims between -1 and 1, but got 2}}
  %m = sparse_tile.mask %t[%i, %i] dims [0, 2] where [#below]
      coverage = <unknown> : !sparse_tile.tile<16x64xf16>
  return
}

// -----

#one = affine_set<(d0) : (d0 >= 0)>
func.func @mask_predicate(%t: !sparse_tile.tile<16x64xf16>, %i: index) {
  // expected-error @+1 {{expected affine sets over 2 dimensions, but got}}
  %m = sparse_tile.mask %t[%i, %i] dims [0, 1] where [#one]
      coverage = <unknown> : !sparse_tile.tile<16x64xf16>
  return
}

// -----

// Sums that a pipeline starts from have the type of those it ends with.
func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    %before = "test.tile"() : () -> !sparse_tile.tile<8x16xf32>
    // expected-error @+1 {{expected no or one initial tile per accumulator, of its type}}
    %sum = sparse_tile.pipeline from %ni below %nk step 64 stages 1 init(%before : !sparse_tile.tile<8x16xf32>) load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @inner(%x: tensor<8x64xf16>, %out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n, %n) tile [16, 16] ins(%x : tensor<8x64xf16>) outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<8x64xf16>, %o: tensor<8x8xf32>):
    // expected-error @+1 {{expected the compute region to take the loaded tiles, then the accumulators, then no or one index}}
    %sum = sparse_tile.pipeline below %nk step 64 stages 1 load {
    ^bb0(%k: index):
      %a = "test.tile"() : () -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a : !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<16x16xf32>, %k: i32):
      sparse_tile.yield %c : !sparse_tile.tile<16x16xf32>
    } -> !sparse_tile.tile<16x16xf32>
  } -> tensor<8x8xf32>
  return
}

// -----

func.func @gather_origin(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected the two positions of a gathered tile}}
  %t = sparse_tile.load %x[%i, %i, %i] dims [0, 1] at {
  ^bb0(%r: index, %c: index):
    sparse_tile.yield %r, %c, %p : index, index, i1
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @gather_dims(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected the two positions of a gathered tile}}
  %t = sparse_tile.load %x[%i, %i] dims [1, 0] at {
  ^bb0(%r: index, %c: index):
    sparse_tile.yield %r, %c, %p : index, index, i1
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @gather_runs(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected two positive runs, but got [1, 0]}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 1] runs [1, 0] at {
  ^bb0(%r: index, %c: index):
    sparse_tile.yield %r, %c, %p : index, index, i1
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @gather_run_count(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected two positive runs, but got [8]}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 1] runs [8] at {
  ^bb0(%r: index, %c: index):
    sparse_tile.yield %r, %c, %p : index, index, i1
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @gather_takes(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected the at region to take 2 positions of type index}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 1] at {
  ^bb0(%r: index):
    sparse_tile.yield %r, %r, %p : index, index, i1
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @gather_takes_type(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected the at region to take 2 positions of type index}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 1] at {
  ^bb0(%r: index, %c: i32):
    sparse_tile.yield %r, %r, %p : index, index, i1
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @gather_yields_few(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected the at region to yield 2 indices and an i1}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 1] at {
  ^bb0(%r: index, %c: index):
    sparse_tile.yield %r, %p : index, i1
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @gather_yields_no_flag(%x: tensor<8x64xf16>, %i: index, %p: i1) {
  // expected-error @+1 {{expected the at region to yield 2 indices and an i1}}
  %t = sparse_tile.load %x[%i, %i] dims [0, 1] at {
  ^bb0(%r: index, %c: index):
    sparse_tile.yield %r, %c, %c : index, index, index
  } : tensor<8x64xf16> -> <8x64xf16>
  return
}

// -----

func.func @scatter(%out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %o: tensor<8x8xf32>):
    %s = arith.constant 1.0 : f32
    // expected-error @+1 {{expected the at region to yield indices and an i1}}
    sparse_tile.store tiles() ins() outs(%o : tensor<8x8xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index):
      sparse_tile.yield %s : f32
    } at {
    ^bb0(%p: index, %q: index):
      sparse_tile.yield %p, %q : index, index
    }
  } -> tensor<8x8xf32>
  return
}

// -----

// Three computed indices take the place of the two parallel dimensions in the maps.
func.func @scatter(%out: tensor<8x8xf32>, %n: index) {
  %r = sparse_tile.forall sizes(%n, %n) tile [16, 16] ins() outs(%out : tensor<8x8xf32>)
      config = #sparse_tile.config<tile = [16, 16, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f16", instruction = "fma", sparse = false> {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %o: tensor<8x8xf32>):
    %s = arith.constant 1.0 : f32
    %written = arith.constant true
    // expected-error @+1 {{expected maps of 3 dimensions, but got 2}}
    sparse_tile.store tiles() ins() outs(%o : tensor<8x8xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index):
      sparse_tile.yield %s : f32
    } at {
    ^bb0(%p: index, %q: index):
      sparse_tile.yield %p, %q, %q, %written : index, index, index, i1
    }
  } -> tensor<8x8xf32>
  return
}
