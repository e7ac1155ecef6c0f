// RUN: sparsity-opt %s -split-input-file -verify-diagnostics

// n_of_m_c1
// expected-error @+1 {{expected n:m with 0 < n < m <= 16, but got 4:4}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<4:4, axis = 1>>)

// -----

// n_of_m_c1
// expected-error @+1 {{expected n:m with 0 < n < m <= 16, but got 0:4}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<0:4, axis = 1>>)

// -----

// n_of_m_c1
// expected-error @+1 {{expected n:m with 0 < n < m <= 16, but got 2:17}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<2:17, axis = 1>>)

// -----

// n_of_m_c2
// expected-error @+1 {{expected axis >= 0, but got -1}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = -1>>)

// -----

// n_of_m_c3
// expected-error @+1 {{expected axis < rank 2, but got 2}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 2>>)

// -----

// n_of_m_c3
// expected-error @+1 {{expected axis < rank 0, but got 0}}
func.func private @f(tensor<f16, #sparsity.n_of_m<2:4, axis = 0>>)

// -----

// n_of_m_c4
// expected-error @+1 {{expected an element type among f16, bf16, f32, f8E4M3FN, f8E5M2, i8, but got 'f64'}}
func.func private @f(tensor<64x64xf64, #sparsity.n_of_m<2:4, axis = 1>>)

// -----

// n_of_m_c5
// expected-error @+1 {{expected a static shape of rank 2 for layout core_matrix, but got 'tensor<64x?xf16>'}}
func.func private @f(tensor<64x?xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>)

// -----

// n_of_m_c5
// expected-error @+1 {{expected a static shape of rank 2 for layout core_matrix, but got 'tensor<2x64x64xf16>'}}
func.func private @f(tensor<2x64x64xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>)

// -----

// n_of_m_c6
// expected-error @+1 {{expected a pattern that fits 2:4 for layout core_matrix of 'f16', but got 3:4}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<3:4, axis = 1, layout = core_matrix>>)

// -----

// n_of_m_c6
// expected-error @+1 {{expected a pattern that fits 1:2 for layout core_matrix of 'f32', but got 2:4}}
func.func private @f(tensor<64x64xf32, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>)

// -----

// n_of_m_c7
// expected-error @+1 {{expected a layout among row_major, core_matrix, but got tiled}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1, layout = tiled>>)

// -----

// block_c1
// expected-error @+1 {{expected two block sizes, but got 3}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4x4>>)

// -----

// block_c2
// expected-error @+1 {{expected block sizes in 1..256, but got 0}}
func.func private @f(tensor<64x64xf16, #sparsity.block<0x4>>)

// -----

// block_c2
// expected-error @+1 {{expected block sizes in 1..256, but got 257}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x257>>)

// -----

// block_c3
// expected-error @+1 {{expected an inner encoding n_of_m, but got #sparsity.window<right = 0>}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4, inner = #sparsity.window<right = 0>>>)

// -----

// block_c4
// expected-error @+1 {{expected a tensor of rank 2 or 3, but got rank 4}}
func.func private @f(tensor<2x2x64x64xf16, #sparsity.block<4x4>>)

// -----

// block_c5
// expected-error @+1 {{expected an element type among f16, bf16, f32, f8E4M3FN, f8E5M2, i8, but got 'i32'}}
func.func private @f(tensor<64x64xi32, #sparsity.block<4x4>>)

// -----

// block_c6
// expected-error @+1 {{expected axis < rank 2, but got 2}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4, inner = #sparsity.n_of_m<2:4, axis = 2>>>)

// -----

// block_c7
// expected-error @+1 {{expected a static number of rows in a tensor of rank 3, but got 'tensor<2x?x64xf16>'}}
func.func private @f(tensor<2x?x64xf16, #sparsity.block<4x4>>)

// -----

// block_c10
// expected-error @+1 {{expected a tensor of rank 2 for an ordered list, but got rank 3}}
func.func private @f(tensor<2x64x64xf16, #sparsity.block<4x4, ordered>>)

// -----

// block_c11
// expected-error @+1 {{expected two merged block sizes, but got 1}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4, merged = 8>>)

// -----

// block_c11
// expected-error @+1 {{expected merged block sizes in 1..256, but got 512}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4, merged = 8x512>>)

// -----

// block_c12
// expected-error @+1 {{expected merged sizes that are larger multiples of 4x6, but got 8x8}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x6, merged = 8x8>>)

// -----

// block_c12
// expected-error @+1 {{expected merged sizes that are larger multiples of 4x4, but got 4x4}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4, merged = 4x4>>)

// -----

// block_c13
// expected-error @+1 {{expected no inner encoding in blocks that are merged, but got #sparsity.n_of_m<2:4, axis = 1>}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4, inner = #sparsity.n_of_m<2:4, axis = 1>, merged = 8x8>>)

// -----

// stored_dense_c1
// expected-error @+1 {{expected an inner encoding among n_of_m, block, unstructured, but got #sparsity.window<right = 0>}}
func.func private @f(tensor<64x64xf16, #sparsity.stored_dense<#sparsity.window<right = 0>>>)

// -----

// stored_dense_c1
// expected-error @+1 {{expected an inner encoding among n_of_m, block, unstructured, but got #sparsity.stored_dense<#sparsity.block<4x4>>}}
func.func private @f(tensor<64x64xf16, #sparsity.stored_dense<#sparsity.stored_dense<#sparsity.block<4x4>>>>)

// -----

// stored_dense_c2
// expected-error @+1 {{expected a tensor of rank 2, but got rank 3}}
func.func private @f(tensor<2x64x64xf16, #sparsity.stored_dense<#sparsity.unstructured>>)

// -----

// stored_dense_c2
// expected-error @+1 {{expected an element type among f16, bf16, f32, f8E4M3FN, f8E5M2, i8, but got 'f64'}}
func.func private @f(tensor<64x64xf64, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>)

// -----

// Nothing follows the order.
// expected-error @+1 {{expected '>'}}
func.func private @f(tensor<64x64xf16, #sparsity.block<4x4, ordered, inner = #sparsity.n_of_m<2:4, axis = 1>>>)

// -----

// unstructured_c1
// expected-error @+1 {{expected two tile sizes, but got 1}}
func.func private @f(tensor<64x64xf16, #sparsity.unstructured<tile = 64>>)

// -----

// unstructured_c2
// expected-error @+1 {{expected tile sizes in 1..256, but got 512}}
func.func private @f(tensor<64x64xf16, #sparsity.unstructured<tile = 64x512>>)

// -----

// unstructured_c3
// expected-error @+1 {{expected a tile whose size is a multiple of 64 elements, but got 8x4}}
func.func private @f(tensor<64x64xf16, #sparsity.unstructured<tile = 8x4>>)

// -----

// unstructured_c4
// expected-error @+1 {{expected a tensor of rank 2, but got rank 1}}
func.func private @f(tensor<64xf16, #sparsity.unstructured>)

// -----

// unstructured_c5
// expected-error @+1 {{expected an element type among f16, bf16, f32, f8E4M3FN, f8E5M2, i8, but got 'index'}}
func.func private @f(tensor<64x64xindex, #sparsity.unstructured>)

// -----

// unstructured_c8
// expected-error @+1 {{expected a layout among row_major, fragments, but got core_matrix}}
func.func private @f(tensor<64x64xf16, #sparsity.unstructured<layout = core_matrix>>)

// -----

// unstructured_c9
// expected-error @+1 {{expected a tile of 64x64 for layout fragments, but got 16x64}}
func.func private @f(tensor<64x64xf16, #sparsity.unstructured<tile = 16x64, layout = fragments>>)

// -----

// unstructured_c10
// expected-error @+1 {{expected elements of 16 bits for layout fragments, but got 'f32'}}
func.func private @f(tensor<64x64xf32, #sparsity.unstructured<layout = fragments>>)

// -----

// n_of_m_c7
// expected-error @+1 {{expected a layout among row_major, core_matrix, but got fragments}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1, layout = fragments>>)

// -----

// window_c1
// expected-error @+1 {{expected left, right or both, but got neither}}
func.func private @f(tensor<64x64xf16, #sparsity.window<>>)

// -----

// window_c2
// expected-error @+1 {{expected left >= 0, but got -1}}
func.func private @f(tensor<64x64xf16, #sparsity.window<left = -1>>)

// -----

// window_c3
// expected-error @+1 {{expected right >= 0, but got -2}}
func.func private @f(tensor<64x64xf16, #sparsity.window<left = 0, right = -2>>)

// -----

// window_c4
// expected-error @+1 {{expected a tensor of rank at least 2, but got rank 1}}
func.func private @f(tensor<64xf16, #sparsity.window<left = 0>>)

// -----

// parameter_c1
// expected-error @+1 {{expected a parameter among left, right, but got up}}
func.func private @f(tensor<64x64xf16, #sparsity.window<up = 1>>)

// -----

// parameter_c2
// expected-error @+1 {{expected each parameter once, but got left twice}}
func.func private @f(tensor<64x64xf16, #sparsity.window<left = 1, left = 2>>)

// -----

// strided_c1
// expected-error @+1 {{expected period >= 1, but got 0}}
func.func private @f(tensor<64x64xf16, #sparsity.strided<period = 0>>)

// -----

// strided_c1
// expected-error @+1 {{expected period >= 1, but got none}}
func.func private @f(tensor<64x64xf16, #sparsity.strided<offset = 0>>)

// -----

// strided_c2
// expected-error @+1 {{expected 0 <= offset < period 4, but got 4}}
func.func private @f(tensor<64x64xf16, #sparsity.strided<period = 4, offset = 4>>)

// -----

// strided_c2
// expected-error @+1 {{expected 0 <= offset < period 4, but got -1}}
func.func private @f(tensor<64x64xf16, #sparsity.strided<period = 4, offset = -1>>)

// -----

// strided_c3
// expected-error @+1 {{expected a tensor of rank at least 1, but got rank 0}}
func.func private @f(tensor<f16, #sparsity.strided<period = 4>>)

// -----

// prefix_c1
// expected-error @+1 {{expected length >= 1, but got 0}}
func.func private @f(tensor<64x64xf16, #sparsity.prefix<length = 0>>)

// -----

// prefix_c1
// expected-error @+1 {{expected length >= 1, but got none}}
func.func private @f(tensor<64x64xf16, #sparsity.prefix<>>)

// -----

// prefix_c2
// expected-error @+1 {{expected a tensor of rank at least 1, but got rank 0}}
func.func private @f(tensor<f16, #sparsity.prefix<length = 4>>)

// -----

// segments_c1
// expected-error @+1 {{expected a tensor of rank at least 2, but got rank 1}}
func.func private @f(tensor<64xf16, #sparsity.segments>)

// -----

// gate_c1
// expected-error @+1 {{expected top_k >= 1, but got 0}}
func.func private @f(tensor<?x8xf32, #sparsity.gate<top_k = 0>>)

// -----

// gate_c1
// expected-error @+1 {{expected top_k >= 1, but got none}}
func.func private @f(tensor<?x8xf32, #sparsity.gate<>>)

// -----

// gate_c2
// expected-error @+1 {{expected a tensor of rank 2, but got rank 3}}
func.func private @f(tensor<1x?x8xf32, #sparsity.gate<top_k = 2>>)

// -----

// gate_c3
// expected-error @+1 {{expected an element type among f16, bf16, f32, but got 'i8'}}
func.func private @f(tensor<?x8xi8, #sparsity.gate<top_k = 2>>)

// -----

// gate_c4
// expected-error @+1 {{expected top_k <= 8 experts, but got 9}}
func.func private @f(tensor<?x8xf32, #sparsity.gate<top_k = 9>>)

// -----

// activation_c1
// expected-error @+1 {{expected exactly one of threshold, top_k, relu, but got 0}}
func.func private @f(tensor<?x8xf32, #sparsity.activation<>>)

// -----

// activation_c1
// expected-error @+1 {{expected exactly one of threshold, top_k, relu, but got 2}}
func.func private @f(tensor<?x8xf32, #sparsity.activation<top_k = 2, relu>>)

// -----

// activation_c2
// expected-error @+1 {{expected a finite threshold >= 0, but got -0.5}}
func.func private @f(tensor<?x8xf32, #sparsity.activation<threshold = -0.5>>)

// -----

// activation_c3
// expected-error @+1 {{expected top_k >= 1, but got 0}}
func.func private @f(tensor<?x8xf32, #sparsity.activation<top_k = 0>>)

// -----

// activation_c4
// expected-error @+1 {{expected a tensor of rank 2, but got rank 3}}
func.func private @f(tensor<1x?x8xf32, #sparsity.activation<relu>>)

// -----

// activation_c5
// expected-error @+1 {{expected an element type among f16, bf16, f32, f8E4M3FN, f8E5M2, i8, but got 'i1'}}
func.func private @f(tensor<?x8xi1, #sparsity.activation<relu>>)

// -----

// activation_c6
// expected-error @+1 {{expected top_k <= 8 features, but got 9}}
func.func private @f(tensor<?x8xf32, #sparsity.activation<top_k = 9>>)

// -----

// activation_c7
// expected-error @+1 {{expected a rule among threshold, top_k, relu, each once, but got gelu}}
func.func private @f(tensor<?x8xf32, #sparsity.activation<gelu>>)

// -----

// all_of_c1
// expected-error @+1 {{expected at least one member, but got none}}
func.func private @f(tensor<8x8xf32, #sparsity.all_of<[]>>)

// -----

// all_of_c2
// expected-error @+1 {{expected members that are sparsity encodings, but got 3 : i64}}
func.func private @f(tensor<8x8xf32, #sparsity.all_of<[3]>>)

// -----

// all_of_c3
// expected-error @+1 {{expected axis < rank 2, but got 2}}
func.func private @f(tensor<8x8xf32, #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.n_of_m<2:4, axis = 2>]>>)

// -----

// all_of_c4
// expected-error @+1 {{expected at most one member that stores its values, but got #sparsity.block<4x4> and #sparsity.n_of_m<2:4, axis = 1>}}
func.func private @f(tensor<8x8xf32, #sparsity.all_of<[#sparsity.block<4x4>, #sparsity.n_of_m<2:4, axis = 1>]>>)

// -----

// all_of_c5
// expected-error @+1 {{expected members whose storage fields have distinct names, but got two fields lo}}
func.func private @f(tensor<8x8xf32, #sparsity.all_of<[#sparsity.segments, #sparsity.any_of<[#sparsity.window<right = 0>, #sparsity.segments]>]>>)

// -----

// any_of_c1
// expected-error @+1 {{expected at least one member, but got none}}
func.func private @f(tensor<8x8xf32, #sparsity.any_of<[]>>)

// -----

// any_of_c2
// expected-error @+1 {{expected members that are sparsity encodings, but got "window"}}
func.func private @f(tensor<8x8xf32, #sparsity.any_of<["window"]>>)

// -----

// any_of_c3
// expected-error @+1 {{expected a tensor of rank at least 2, but got rank 1}}
func.func private @f(tensor<8xf32, #sparsity.any_of<[#sparsity.strided<period = 4>, #sparsity.window<right = 0>]>>)

// -----

// any_of_c4
// expected-error @+1 {{expected members whose index fields decide every element, but got #sparsity.n_of_m<2:4, axis = 1>}}
func.func private @f(tensor<8x8xf32, #sparsity.any_of<[#sparsity.window<right = 0>, #sparsity.n_of_m<2:4, axis = 1>]>>)

// -----

// any_of_c4
// expected-error @+1 {{expected members whose index fields decide every element, but got #sparsity.block<4x4, inner = #sparsity.n_of_m<2:4, axis = 1>>}}
func.func private @f(tensor<8x8xf32, #sparsity.any_of<[#sparsity.window<right = 0>, #sparsity.block<4x4, inner = #sparsity.n_of_m<2:4, axis = 1>>]>>)

// -----

// any_of_c4
// expected-error @+1 {{expected members whose index fields decide every element, but got #sparsity.stored_dense<#sparsity.block<4x4>>}}
func.func private @f(tensor<8x8xf32, #sparsity.any_of<[#sparsity.window<right = 0>, #sparsity.stored_dense<#sparsity.block<4x4>>]>>)

// -----

// any_of_c5
// expected-error @+1 {{expected members whose storage fields have distinct names, but got two fields positions}}
func.func private @f(tensor<8x8xf32, #sparsity.any_of<[#sparsity.block<4x4>, #sparsity.block<2x2>]>>)

// -----

// target_c1
// expected-error @+1 {{expected a target among cpu, sm_80, sm_90a, but got "sm_70"}}
func.func private @f() attributes {t = #sparsity.target<"sm_70">}

// -----

// coverage_c1
// expected-error @+1 {{expected a coverage among all, band, listed, periodic, all_of, any_of, unknown, but got some}}
func.func private @f() attributes {c = #sparsity.coverage<some>}

// -----

// coverage_c2
// expected-error @+1 {{expected -inf as a lower and inf as an upper bound, but got inf}}
func.func private @f() attributes {c = #sparsity.coverage<band<rows = 0, cols = 1, lo = inf, hi = inf>>}

// -----

// coverage_c3
// expected-error @+1 {{expected a granularity >= 1, but got 0}}
func.func private @f() attributes {c = #sparsity.coverage<listed<groups = 0 by 0, entries = 1 by 1, positions = "p", coordinates = "c">>}

// -----

// coverage_c5
// expected-error @+1 {{expected a batch of >= 1 groups, but got 0}}
func.func private @f() attributes {c = #sparsity.coverage<listed<batches = 0 of 0, groups = 1 by 1, entries = 2 by 1, positions = "p", coordinates = "c">>}

// -----

// coverage_c6
// expected-error @+1 {{expected batches, groups and entries along different dimensions, but got dimension 1 twice}}
func.func private @f() attributes {c = #sparsity.coverage<listed<batches = 1 of 4, groups = 1 by 1, entries = 2 by 1, positions = "p", coordinates = "c">>}

// -----

// coverage_c4
// expected-error @+1 {{expected period >= 1, but got 0}}
func.func private @f() attributes {c = #sparsity.coverage<periodic<dim = 1, period = 0, offset = 0, length = 1>>}

// -----

// format_c1
// expected-error @+1 {{expected a format among dense, n_of_m, bitmap, but got csr}}
func.func private @f() attributes {f = #sparsity.format<csr>}

// -----

// format_c2
// expected-error @+1 {{expected n:m with 0 < n < m <= 16, but got 4:2}}
func.func private @f() attributes {f = #sparsity.format<n_of_m<4:2, axis = 0>>}

// -----

// format_c3
// expected-error @+1 {{expected axis >= 0, but got -1}}
func.func private @f() attributes {f = #sparsity.format<n_of_m<2:4, axis = -1>>}

// -----

// format_c4
// expected-error @+1 {{expected a layout among row_major, core_matrix, fragments, but got z}}
func.func private @f() attributes {f = #sparsity.format<dense, layout = z>}

// -----

// format_c5
// expected-error @+1 {{expected two sizes in 1..256 whose product is a multiple of 64, but got 3x5}}
func.func private @f() attributes {f = #sparsity.format<bitmap<3x5>>}

// -----

// format_c5
// expected-error @+1 {{expected two sizes in 1..256 whose product is a multiple of 64, but got 64}}
func.func private @f() attributes {f = #sparsity.format<bitmap<64>>}

// -----

// format_c5
// expected-error @+1 {{expected two sizes in 1..256 whose product is a multiple of 64, but got 0x64}}
func.func private @f() attributes {f = #sparsity.format<bitmap<0x64>>}
