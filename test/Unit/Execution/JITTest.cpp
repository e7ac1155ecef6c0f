//===- JITTest.cpp - host code in this process ----------------------------===//

#include "ExecutionFixture.h"

#include "sparsity/Execution/Compile.h"
#include "sparsity/Execution/JIT.h"
#include "sparsity/Runtime/Numbers.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"

#include "../../../lib/Execution/HostSymbols.h"

#include <cmath>
#include <map>
#include <vector>

using namespace mlir;
using namespace mlir::sparsity;

namespace {
class JITTest : public ExecutionTest {
protected:
  std::unique_ptr<ExecutionEngine> compile(const std::string &text) {
    module = parse(text);
    if (!module) {
      return nullptr;
    }
    FailureOr<std::unique_ptr<ExecutionEngine>> engine = createJIT(*module);
    return succeeded(engine) ? std::move(*engine) : nullptr;
  }
  OwningOpRef<ModuleOp> module;
};

TEST_F(JITTest, CallsTheRuntime) {
  std::unique_ptr<ExecutionEngine> engine = compile(R"(
    llvm.func @sparsityParallelFor(i64, !llvm.ptr, !llvm.ptr)
    llvm.func @work(%context: !llvm.ptr, %begin: i64, %end: i64) {
      %one = llvm.mlir.constant(1 : i64) : i64
      llvm.br ^test(%begin : i64)
    ^test(%i: i64):
      %more = llvm.icmp "slt" %i, %end : i64
      llvm.cond_br %more, ^body, ^done
    ^body:
      %p = llvm.getelementptr %context[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      llvm.store %i, %p : i64, !llvm.ptr
      %next = llvm.add %i, %one : i64
      llvm.br ^test(%next : i64)
    ^done:
      llvm.return
    }
    llvm.func @main(%count: i64, %context: !llvm.ptr) {
      %f = llvm.mlir.addressof @work : !llvm.ptr
      llvm.call @sparsityParallelFor(%count, %f, %context) : (i64, !llvm.ptr, !llvm.ptr) -> ()
      llvm.return
    })");
  ASSERT_TRUE(engine) << errors;
  std::vector<int64_t> numbers(1000, -1);
  int64_t count = numbers.size();
  void *data = numbers.data();
  void *arguments[] = {&count, &data};
  llvm::Error error = engine->invokePacked("main", arguments);
  ASSERT_FALSE(bool(error));
  for (int64_t i = 0; i < count; ++i) {
    EXPECT_EQ(numbers[i], i);
  }
}

TEST_F(JITTest, CallsLibm) {
  std::unique_ptr<ExecutionEngine> engine = compile(R"(
    llvm.func @erf(f64) -> f64
    llvm.func @main(%x: f64, %p: !llvm.ptr) {
      %y = llvm.call @erf(%x) : (f64) -> f64
      llvm.store %y, %p : f64, !llvm.ptr
      llvm.return
    })");
  ASSERT_TRUE(engine) << errors;
  double x = 0.3, y = 0;
  void *target = &y;
  void *arguments[] = {&x, &target};
  ASSERT_FALSE(bool(engine->invokePacked("main", arguments)));
  EXPECT_EQ(y, std::erf(0.3));
}

TEST_F(JITTest, ReportsUnresolvedSymbols) {
  std::unique_ptr<ExecutionEngine> engine = compile(R"(
    llvm.func @nobody_has_this()
    llvm.func @main() {
      llvm.call @nobody_has_this() : () -> ()
      llvm.return
    })");
  ASSERT_TRUE(engine) << errors;
  llvm::Error error = engine->invokePacked("main");
  ASSERT_TRUE(bool(error));
  llvm::consumeError(std::move(error));
}

// compiler-rt's conversions: f64 rounds once, not through f32.
TEST_F(JITTest, ConvertsSmallFloatsExactly) {
  std::map<std::string, void *> symbols;
  forEachHostSymbol([&](llvm::StringRef name, void *address) {
    symbols[name.str()] = address;
  });
  using FromFloat = float (*)(float);
  using FromDouble = float (*)(double);
  auto bits = [](float value) {
    return static_cast<uint16_t>(__builtin_bit_cast(uint32_t, value));
  };
  auto toBF16 = reinterpret_cast<FromDouble>(symbols["__truncdfbf2"]);
  auto toF16 = reinterpret_cast<FromDouble>(symbols["__truncdfhf2"]);
  // A tie in bf16 with a last bit that f32 cannot hold.
  double aboveTie = 1.0 + std::ldexp(1, -8) + std::ldexp(1, -40);
  EXPECT_EQ(bits(toBF16(aboveTie)), runtime::floatToBF16(1.0f) + 1);
  EXPECT_EQ(bits(toBF16(-aboveTie)), runtime::floatToBF16(-1.0f) + 1);
  EXPECT_EQ(bits(toBF16(1.0 + std::ldexp(1, -8) - std::ldexp(1, -40))),
            runtime::floatToBF16(1.0f));
  EXPECT_EQ(bits(toF16(1.0 + std::ldexp(1, -11) + std::ldexp(1, -50))),
            runtime::floatToF16(1.0f) + 1);
  EXPECT_EQ(bits(toF16(1e300)), runtime::floatToF16(INFINITY));
  EXPECT_EQ(bits(toF16(std::nan(""))), runtime::floatToF16(NAN));
  auto fromF16 = reinterpret_cast<FromFloat>(symbols["__extendhfsf2"]);
  auto truncate = reinterpret_cast<FromFloat>(symbols["__truncsfhf2"]);
  EXPECT_EQ(fromF16(truncate(0.333f)),
            runtime::f16ToFloat(runtime::floatToF16(0.333f)));
}

TEST_F(JITTest, CopiesStridedMemRefs) {
  std::map<std::string, void *> symbols;
  forEachHostSymbol([&](llvm::StringRef name, void *address) {
    symbols[name.str()] = address;
  });
  struct Unranked {
    int64_t rank;
    int64_t *descriptor;
  };
  auto copy = reinterpret_cast<void (*)(int64_t, Unranked *, Unranked *)>(
      symbols["memrefCopy"]);
  int32_t source[6] = {1, 2, 3, 4, 5, 6};
  int32_t target[7] = {};
  // The 2x3 source into its transpose's layout, one element in.
  int64_t from[] = {0, reinterpret_cast<int64_t>(source), 0, 2, 3, 3, 1};
  int64_t to[] = {0, reinterpret_cast<int64_t>(target), 1, 2, 3, 1, 2};
  Unranked sourceView = {2, from}, targetView = {2, to};
  copy(sizeof(int32_t), &sourceView, &targetView);
  EXPECT_EQ((std::vector<int32_t>(target, target + 7)),
            (std::vector<int32_t>{0, 1, 4, 2, 5, 3, 6}));
}

TEST_F(JITTest, NamesAnUnknownTarget) {
  OwningOpRef<ModuleOp> empty = parse("");
  EXPECT_TRUE(failed(compileForTarget(*empty, "sm_70", false)));
  EXPECT_EQ(errors,
            "expected a target among cpu, sm_80, sm_90a, but got 'sm_70'\n");
  errors.clear();
  EXPECT_TRUE(failed(runPassPipeline(*empty, "no-such-pass")));
  EXPECT_NE(errors.find("expected a pipeline of registered passes, but got "
                        "'no-such-pass'"),
            std::string::npos);
}
} // namespace
