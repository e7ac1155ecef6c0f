// Encoded arguments of every kind, decoded, against the dense program; odd shapes.

// RUN: sparsity-run %s --entry=lists --device=cpu --check --check-inputs | FileCheck %s --check-prefix=LISTS
// RUN: sparsity-run %s --entry=groups --device=cpu --check --check-inputs | FileCheck %s --check-prefix=GROUPS
// RUN: sparsity-run %s --entry=masks --device=cpu --check --check-inputs | FileCheck %s --check-prefix=MASKS
// RUN: sparsity-run %s --entry=sizes --device=cpu --check --shape=0:41x50 --shape=1:70x129 --shape=2:19x6 --shape=3:3x20x33 | FileCheck %s --check-prefix=SIZES
// RUN: sparsity-run %s --entry=sizes --device=cpu --check --shape=0:1x50 --shape=1:64x64 --shape=2:1x6 --shape=3:1x20x8 | FileCheck %s --check-prefix=SIZES
// RUN: sparsity-translate %s --target=sm_80 --to-ptx | FileCheck %s --check-prefix=PTX

// A kernel for each decoded tensor, but of the one that is dense once it is simplified.
// PTX-COUNT-23: .visible .entry
// PTX-NOT: .visible .entry

// LISTS-COUNT-9: check: result {{[0-9]}}: {{.*}}: ok
#block = #sparsity.block<16x8>
#column = #sparsity.block<4x1>
#vnm = #sparsity.block<16x8, inner = #sparsity.n_of_m<2:4, axis = 1>>
#vnm0 = #sparsity.block<10x7, inner = #sparsity.n_of_m<2:8, axis = 0>>
#bits = #sparsity.unstructured<tile = 16x8>
#gate = #sparsity.gate<top_k = 2>
#relu = #sparsity.activation<relu>
func.func @lists(
    %a: tensor<37x50xf32, #block>, %b: tensor<37x50xbf16, #column>,
    %c: tensor<3x37x50xf16, #block>, %d: tensor<37x50xf16, #vnm>,
    %e: tensor<37x50xi8, #vnm0>, %f: tensor<3x37x50xf32, #vnm0>,
    %g: tensor<37x50xbf16, #bits>, %h: tensor<37x5xbf16, #gate>,
    %i: tensor<37x50xf16, #relu>)
    -> (tensor<37x50xf32>, tensor<37x50xbf16>, tensor<3x37x50xf16>, tensor<37x50xf16>,
        tensor<37x50xi8>, tensor<3x37x50xf32>, tensor<37x50xbf16>, tensor<37x5xbf16>,
        tensor<37x50xf16>) {
  %0 = sparsity.decode %a : tensor<37x50xf32, #block> to tensor<37x50xf32>
  %1 = sparsity.decode %b : tensor<37x50xbf16, #column> to tensor<37x50xbf16>
  %2 = sparsity.decode %c : tensor<3x37x50xf16, #block> to tensor<3x37x50xf16>
  %3 = sparsity.decode %d : tensor<37x50xf16, #vnm> to tensor<37x50xf16>
  %4 = sparsity.decode %e : tensor<37x50xi8, #vnm0> to tensor<37x50xi8>
  %5 = sparsity.decode %f : tensor<3x37x50xf32, #vnm0> to tensor<3x37x50xf32>
  %6 = sparsity.decode %g : tensor<37x50xbf16, #bits> to tensor<37x50xbf16>
  %7 = sparsity.decode %h : tensor<37x5xbf16, #gate> to tensor<37x5xbf16>
  %8 = sparsity.decode %i : tensor<37x50xf16, #relu> to tensor<37x50xf16>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8
      : tensor<37x50xf32>, tensor<37x50xbf16>, tensor<3x37x50xf16>, tensor<37x50xf16>,
        tensor<37x50xi8>, tensor<3x37x50xf32>, tensor<37x50xbf16>, tensor<37x5xbf16>,
        tensor<37x50xf16>
}

// GROUPS-COUNT-4: check: result {{[0-9]}}: {{.*}}: ok
#columns = #sparsity.n_of_m<2:4, axis = 1>
#rows = #sparsity.n_of_m<3:7, axis = 0>
#middle = #sparsity.n_of_m<1:2, axis = 1>
#batch = #sparsity.n_of_m<5:16, axis = 0>
func.func @groups(%a: tensor<37x50xbf16, #columns>, %b: tensor<37x50xi8, #rows>,
                  %c: tensor<5x37x9xf8E4M3FN, #middle>, %d: tensor<21x3x9xf32, #batch>)
    -> (tensor<37x50xbf16>, tensor<37x50xi8>, tensor<5x37x9xf8E4M3FN>, tensor<21x3x9xf32>) {
  %0 = sparsity.decode %a : tensor<37x50xbf16, #columns> to tensor<37x50xbf16>
  %1 = sparsity.decode %b : tensor<37x50xi8, #rows> to tensor<37x50xi8>
  %2 = sparsity.decode %c : tensor<5x37x9xf8E4M3FN, #middle> to tensor<5x37x9xf8E4M3FN>
  %3 = sparsity.decode %d : tensor<21x3x9xf32, #batch> to tensor<21x3x9xf32>
  return %0, %1, %2, %3
      : tensor<37x50xbf16>, tensor<37x50xi8>, tensor<5x37x9xf8E4M3FN>, tensor<21x3x9xf32>
}

// MASKS-COUNT-7: check: result {{[0-9]}}: {{.*}}: ok
#window = #sparsity.window<left = 4, right = 0>
#some = #sparsity.any_of<[#window, #sparsity.prefix<length = 3>, #sparsity.strided<period = 7>]>
#documents = #sparsity.segments
#causal_blocks = #sparsity.all_of<[#sparsity.window<right = 0>, #block]>
#causal_groups = #sparsity.all_of<[#sparsity.window<right = 0>, #columns]>
#causal_bits = #sparsity.all_of<[#sparsity.window<right = 3>, #bits]>
#all = #sparsity.window<left = 100, right = 100>
func.func @masks(
    %a: tensor<37x50xf32, #window>, %b: tensor<2x37x50xbf16, #some>,
    %c: tensor<37x50xbf16, #documents>, %d: tensor<37x50xf16, #causal_blocks>,
    %e: tensor<37x50xf16, #causal_groups>, %f: tensor<37x50xf32, #causal_bits>,
    %g: tensor<37x50xf32, #all>)
    -> (tensor<37x50xf32>, tensor<2x37x50xbf16>, tensor<37x50xbf16>, tensor<37x50xf16>,
        tensor<37x50xf16>, tensor<37x50xf32>, tensor<37x50xf32>) {
  %0 = sparsity.decode %a : tensor<37x50xf32, #window> to tensor<37x50xf32>
  %1 = sparsity.decode %b : tensor<2x37x50xbf16, #some> to tensor<2x37x50xbf16>
  %2 = sparsity.decode %c : tensor<37x50xbf16, #documents> to tensor<37x50xbf16>
  %3 = sparsity.decode %d : tensor<37x50xf16, #causal_blocks> to tensor<37x50xf16>
  %4 = sparsity.decode %e : tensor<37x50xf16, #causal_groups> to tensor<37x50xf16>
  %5 = sparsity.decode %f : tensor<37x50xf32, #causal_bits> to tensor<37x50xf32>
  // Dense once the encoding is simplified.
  %6 = sparsity.decode %g : tensor<37x50xf32, #all> to tensor<37x50xf32>
  return %0, %1, %2, %3, %4, %5, %6
      : tensor<37x50xf32>, tensor<2x37x50xbf16>, tensor<37x50xbf16>, tensor<37x50xf16>,
        tensor<37x50xf16>, tensor<37x50xf32>, tensor<37x50xf32>
}

// SIZES-COUNT-4: check: result {{[0-9]}}: {{.*}}: ok
#tiles = #sparsity.unstructured
#groups = #sparsity.n_of_m<2:4, axis = 0>
func.func @sizes(%a: tensor<?x50xf16, #groups>, %b: tensor<?x?xf32, #tiles>,
                 %c: tensor<?x6xf32, #gate>, %d: tensor<?x20x?xf16, #vnm>)
    -> (tensor<?x50xf16>, tensor<?x?xf32>, tensor<?x6xf32>, tensor<?x20x?xf16>) {
  %0 = sparsity.decode %a : tensor<?x50xf16, #groups> to tensor<?x50xf16>
  %1 = sparsity.decode %b : tensor<?x?xf32, #tiles> to tensor<?x?xf32>
  %2 = sparsity.decode %c : tensor<?x6xf32, #gate> to tensor<?x6xf32>
  %3 = sparsity.decode %d : tensor<?x20x?xf16, #vnm> to tensor<?x20x?xf16>
  return %0, %1, %2, %3
      : tensor<?x50xf16>, tensor<?x?xf32>, tensor<?x6xf32>, tensor<?x20x?xf16>
}
