//===- ExpandFloat8Test.cpp - 8-bit float conversions against APFloat -----===//

#include "sparsity/Execution/Compile.h"
#include "sparsity/Execution/JIT.h"
#include "sparsity/Pipelines/Pipelines.h"

#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/TargetSelect.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <vector>

using namespace mlir;
using llvm::APFloat;

namespace {
struct Format {
  const char *name;
  const llvm::fltSemantics *semantics;
};
const Format kFloat8[] = {{"f8E4M3FN", &APFloat::Float8E4M3FN()},
                          {"f8E5M2", &APFloat::Float8E5M2()}};
const Format kWide[] = {{"f16", &APFloat::IEEEhalf()},
                        {"bf16", &APFloat::BFloat()},
                        {"f32", &APFloat::IEEEsingle()},
                        {"f64", &APFloat::IEEEdouble()}};

/// Bit patterns, whatever the width of the numbers.
using Codes = std::vector<uint64_t>;

unsigned bitsOf(const Format &format) {
  return APFloat::getSizeInBits(*format.semantics);
}

uint64_t convertReference(uint64_t code, const Format &from, const Format &to) {
  APFloat value(*from.semantics, APInt(bitsOf(from), code));
  bool losesInfo = false;
  value.convert(*to.semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return value.bitcastToAPInt().getZExtValue();
}

/// A loop of `op` over scalars, or over vectors of 4 (`count` is then in
/// vectors).
std::string makeProgram(StringRef op, StringRef from, StringRef to,
                        bool vectors) {
  auto type = [&](StringRef element) {
    return vectors ? ("vector<4x" + element + ">").str() : element.str();
  };
  std::string access = vectors ? "vector." : "memref.";
  auto suffix = [&](StringRef element) {
    return vectors ? ", vector<4x" + element.str() + ">" : std::string();
  };
  return "func.func @convert(%in: memref<?x" + from.str() +
         ">, %out: memref<?x" + to.str() +
         ">) attributes {llvm.emit_c_interface} {\n"
         "  %zero = arith.constant 0 : index\n"
         "  %step = arith.constant " +
         (vectors ? "4" : "1") +
         " : index\n"
         "  %n = memref.dim %in, %zero : memref<?x" +
         from.str() +
         ">\n"
         "  scf.for %i = %zero to %n step %step {\n"
         "    %a = " +
         access + "load %in[%i] : memref<?x" + from.str() + ">" + suffix(from) +
         "\n    %b = arith." + op.str() + " %a : " + type(from) + " to " +
         type(to) + "\n    " + access + "store %b, %out[%i] : memref<?x" +
         to.str() + ">" + suffix(to) + "\n  }\n  return\n}\n";
}

class ExpandFloat8Test : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  }
  ExpandFloat8Test() {
    DialectRegistry registry;
    sparsity::registerUpstreamDialects(registry);
    sparsity::registerSparsityDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    static bool once = [] {
      sparsity::registerSparsityPasses();
      sparsity::registerUpstreamPasses();
      return true;
    }();
    (void)once;
  }

  Codes run(StringRef op, const Codes &input, const Format &from,
            const Format &to, bool vectors);
  void check(StringRef op, const Codes &input, const Format &from,
             const Format &to);

  MLIRContext context;
};

Codes ExpandFloat8Test::run(StringRef op, const Codes &input,
                            const Format &from, const Format &to,
                            bool vectors) {
  auto module = parseSourceString<ModuleOp>(
      makeProgram(op, from.name, to.name, vectors), &context);
  EXPECT_TRUE(module);
  EXPECT_TRUE(succeeded(sparsity::runPassPipeline(
      *module, "sparsity-expand-float8,"
               "arith-expand{include-bf16=true},convert-scf-to-cf,"
               "convert-to-llvm,reconcile-unrealized-casts")));
  auto engine = sparsity::createJIT(*module);
  EXPECT_TRUE(succeeded(engine));
  if (failed(engine)) {
    return {};
  }
  size_t fromBytes = bitsOf(from) / 8, toBytes = bitsOf(to) / 8;
  std::vector<char> source(input.size() * fromBytes);
  std::vector<char> target(input.size() * toBytes);
  for (size_t i = 0; i < input.size(); ++i) {
    std::memcpy(&source[i * fromBytes], &input[i], fromBytes);
  }
  int64_t size = static_cast<int64_t>(input.size());
  StridedMemRefType<char, 1> in{source.data(), source.data(), 0, {size}, {1}};
  StridedMemRefType<char, 1> out{target.data(), target.data(), 0, {size}, {1}};
  void *arguments[] = {&in, &out};
  void *pointers[] = {&arguments[0], &arguments[1]};
  llvm::Error error = (*engine)->invokePacked("_mlir_ciface_convert", pointers);
  EXPECT_FALSE(static_cast<bool>(error));
  Codes result(input.size());
  for (size_t i = 0; i < input.size(); ++i) {
    std::memcpy(&result[i], &target[i * toBytes], toBytes);
  }
  return result;
}

void ExpandFloat8Test::check(StringRef op, const Codes &input,
                             const Format &from, const Format &to) {
  for (bool vectors : {false, true}) {
    Codes result = run(op, input, from, to, vectors);
    ASSERT_EQ(result.size(), input.size());
    unsigned reported = 0;
    for (size_t i = 0; i < input.size() && reported < 5; ++i) {
      uint64_t expected = convertReference(input[i], from, to);
      if (result[i] != expected) {
        ++reported;
        ADD_FAILURE() << from.name << " to " << to.name << ", vectors "
                      << vectors << ": expected 0x" << std::hex << expected
                      << " from 0x" << input[i] << ", but got 0x" << result[i];
      }
    }
  }
}

TEST_F(ExpandFloat8Test, WidensEveryCode) {
  Codes codes;
  for (uint64_t code = 0; code < 256; ++code) {
    codes.push_back(code);
  }
  for (const Format &from : kFloat8) {
    for (const Format &to : kWide) {
      check("extf", codes, from, to);
    }
  }
}

TEST_F(ExpandFloat8Test, NarrowsEvery16BitFloat) {
  Codes codes;
  for (uint64_t code = 0; code < 65536; ++code) {
    codes.push_back(code);
  }
  for (const Format &to : kFloat8) {
    check("truncf", codes, kWide[0], to);
    check("truncf", codes, kWide[1], to);
  }
}

TEST_F(ExpandFloat8Test, NarrowsF32AroundEveryTie) {
  // A tie has the low 16 bits zero: these are all ties and all codes, and their
  // neighbours on both sides.
  Codes codes;
  for (uint64_t upper = 0; upper < 65536; ++upper) {
    for (uint64_t lower : {0x0000, 0x0001, 0x7fff, 0xffff}) {
      codes.push_back(upper << 16 | lower);
    }
  }
  for (const Format &to : kFloat8) {
    check("truncf", codes, kWide[2], to);
  }
}

TEST_F(ExpandFloat8Test, NarrowsF64WithOneRounding) {
  // Next to a tie by less than an f32 can say: rounding to f32 first would make
  // it one.
  Codes codes;
  for (uint64_t upper = 0; upper < 65536; ++upper) {
    uint32_t code = static_cast<uint32_t>(upper << 16);
    float single;
    std::memcpy(&single, &code, sizeof(single));
    double exact = single;
    for (double value : {exact, std::nextafter(exact, INFINITY),
                         std::nextafter(exact, -INFINITY)}) {
      uint64_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      codes.push_back(bits);
    }
  }
  for (uint64_t special : {0x7ff0000000000000ull, 0xfff0000000000000ull,
                           0x7ff8000000000000ull, 0x7fefffffffffffffull}) {
    codes.push_back(special);
  }
  for (const Format &to : kFloat8) {
    check("truncf", codes, kWide[3], to);
  }
}
} // namespace
