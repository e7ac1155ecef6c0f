// RUN: sparsity-opt %s --sparsity-expand-math | FileCheck %s

// Neither libm nor libdevice is called: what remains is arithmetic.

// CHECK-LABEL: func.func @polynomials
// CHECK-NOT: math.{{exp|log|tanh|erf|sin|cos|powf|rsqrt|exp2}}
// CHECK: return
func.func @polynomials(%x: f32, %y: f32) -> f32 {
  %a = math.exp %x : f32
  %b = math.log %a : f32
  %c = math.tanh %b : f32
  %d = math.erf %c : f32
  %e = math.sin %d : f32
  %f = math.cos %e : f32
  %g = math.powf %f, %y : f32
  %h = math.rsqrt %g : f32
  %i = math.exp2 %h : f32
  return %i : f32
}

// Vectors, as the CPU pipeline makes them.
// CHECK-LABEL: func.func @vectors
// CHECK-NOT: math.{{exp|tanh}}
// CHECK: return
func.func @vectors(%x: vector<16xf32>) -> vector<16xf32> {
  %a = math.exp %x : vector<16xf32>
  %b = math.tanh %a : vector<16xf32>
  return %b : vector<16xf32>
}

// What is one instruction everywhere stays.
// CHECK-LABEL: func.func @instructions
// CHECK-DAG: math.absf
// CHECK-DAG: math.sqrt
// CHECK-DAG: math.fma
// CHECK-DAG: math.floor
// CHECK-DAG: math.ceil
// CHECK-DAG: math.copysign
// CHECK-DAG: math.absi
func.func @instructions(%x: f32, %i: i32) -> (f32, i32) {
  %a = math.absf %x : f32
  %b = math.sqrt %a : f32
  %c = math.fma %a, %b, %x : f32
  %d = math.floor %c : f32
  %e = math.ceil %c : f32
  %f = math.copysign %d, %e : f32
  %j = math.absi %i : i32
  return %f, %j : f32, i32
}

// Halves are computed in f32.
// CHECK-LABEL: func.func @half
// CHECK-NOT: math.exp
// CHECK: return
func.func @half(%x: f16) -> f16 {
  %a = math.exp %x : f16
  return %a : f16
}
