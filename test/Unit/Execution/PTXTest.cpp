//===- PTXTest.cpp - kernels to PTX, and what LLVM refuses ----------------===//

#include "ExecutionFixture.h"

#include "sparsity/Execution/Compile.h"
#include "sparsity/Execution/PTX.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace mlir;
using namespace mlir::sparsity;

namespace {
using PTXTest = ExecutionTest;

/// An environment variable with another value until the end of the scope.
class Variable {
public:
  Variable(const char *name, const std::string &value) : name(name) {
    const char *previous = std::getenv(name);
    hadValue = previous != nullptr;
    saved = hadValue ? previous : "";
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (hadValue) {
      setenv(name, saved.c_str(), 1);
    } else {
      unsetenv(name);
    }
  }

private:
  const char *name;
  bool hadValue = false;
  std::string saved;
};

std::string makeModule(const std::string &target, const std::string &body) {
  return "module attributes {gpu.container_module} { gpu.module @kernels " +
         target + " { " + body + " } }";
}

gpu::GPUModuleOp getKernels(ModuleOp module) {
  return *module.getOps<gpu::GPUModuleOp>().begin();
}

constexpr const char *kTarget =
    R"([#nvvm.target<chip = "sm_80", features = "+ptx85">])";

TEST_F(PTXTest, EmitsKernels) {
  OwningOpRef<ModuleOp> module = parse(makeModule(kTarget, R"(
    llvm.func @fill(%p: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
      %c = llvm.mlir.constant(7 : i32) : i32
      llvm.store %c, %p : i32, !llvm.ptr<1>
      llvm.return
    })"));
  ASSERT_TRUE(module) << errors;
  FailureOr<std::string> ptx = emitPTX(getKernels(*module));
  ASSERT_TRUE(succeeded(ptx)) << errors;
  EXPECT_NE(ptx->find(".version 8.5"), std::string::npos);
  EXPECT_NE(ptx->find(".target sm_80"), std::string::npos);
  EXPECT_NE(ptx->find(".visible .entry fill"), std::string::npos);
}

// An instruction of a whole warp does not survive a move out of its branch.
TEST_F(PTXTest, KeepsAssemblyInItsBranch) {
  OwningOpRef<ModuleOp> module = parse(makeModule(kTarget, R"(
    llvm.func @branch(%p: !llvm.ptr<1>, %flag: i1) attributes {gpu.kernel, nvvm.kernel} {
      %c = llvm.mlir.constant(7 : i32) : i32
      llvm.cond_br %flag, ^a, ^b
    ^a:
      %x = llvm.inline_asm asm_dialect = att "collective $0, $1;", "=r,r" %c : (i32) -> i32
      llvm.br ^end(%x : i32)
    ^b:
      llvm.br ^end(%c : i32)
    ^end(%y: i32):
      llvm.store %y, %p : i32, !llvm.ptr<1>
      llvm.return
    })"));
  ASSERT_TRUE(module) << errors;
  FailureOr<std::string> ptx = emitPTX(getKernels(*module));
  ASSERT_TRUE(succeeded(ptx)) << errors;
  size_t branch = ptx->find("bra");
  size_t collective = ptx->find("collective");
  ASSERT_NE(collective, std::string::npos);
  EXPECT_LT(branch, collective);
}

TEST_F(PTXTest, TurnsFatalErrorsIntoDiagnostics) {
  // mma.sync needs sm_70: selection fails, which LLVM answers with abort().
  const char *body = R"(
    llvm.func @mma(%p: !llvm.ptr<1>, %a: vector<2xf16>, %c: f32) attributes {gpu.kernel, nvvm.kernel} {
      %d = llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"(%a, %a, %a, %a, %a, %a, %c, %c, %c, %c)
        : (vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      %e = llvm.extractvalue %d[0] : !llvm.struct<(f32, f32, f32, f32)>
      llvm.store %e, %p : f32, !llvm.ptr<1>
      llvm.return
    })";
  for (int repetition = 0; repetition < 3; ++repetition) {
    errors.clear();
    OwningOpRef<ModuleOp> module =
        parse(makeModule(R"([#nvvm.target<chip = "sm_60">])", body));
    ASSERT_TRUE(module) << errors;
    EXPECT_TRUE(failed(emitPTX(getKernels(*module))));
    EXPECT_NE(errors.find("expected kernels that LLVM can compile for sm_60"),
              std::string::npos)
        << errors;
  }
  errors.clear();
  OwningOpRef<ModuleOp> module = parse(makeModule(kTarget, body));
  EXPECT_TRUE(succeeded(emitPTX(getKernels(*module)))) << errors;
}

TEST_F(PTXTest, RefusesAModuleWithoutTarget) {
  OwningOpRef<ModuleOp> module = parse(makeModule("", ""));
  ASSERT_TRUE(module) << errors;
  EXPECT_TRUE(failed(emitPTX(getKernels(*module))));
  EXPECT_EQ(errors,
            "expected a gpu.module with an #nvvm.target, but got none\n");
}

TEST_F(PTXTest, EmbedsKernels) {
  OwningOpRef<ModuleOp> module = parse(makeModule(
      kTarget,
      "llvm.func @k() attributes {gpu.kernel, nvvm.kernel} { llvm.return }"));
  ASSERT_TRUE(succeeded(embedKernels(*module))) << errors;
  EXPECT_TRUE(module->getOps<gpu::GPUModuleOp>().empty());
  gpu::BinaryOp binary = *module->getOps<gpu::BinaryOp>().begin();
  EXPECT_EQ(binary.getName(), "kernels");
  auto object = cast<gpu::ObjectAttr>(binary.getObjects()[0]);
  EXPECT_EQ(object.getFormat(), gpu::CompilationTarget::Assembly);
  EXPECT_EQ(object.getObject().getValue().back(), '\0');
}

TEST_F(PTXTest, NamesTheMissingAssembler) {
  if (std::system("test -x /usr/local/cuda/bin/ptxas") == 0) {
    GTEST_SKIP() << "this machine has ptxas in the default place";
  }
  Variable home("CUDA_HOME", "/nonexistent"), path("PATH", "/nonexistent");
  EXPECT_TRUE(failed(assembleCubin("", "sm_80", UnknownLoc::get(&context))));
  EXPECT_NE(errors.find("expected the assembler ptxas"), std::string::npos);
}

TEST_F(PTXTest, RunsTheAssemblerOfCudaHome) {
  // Stands in for ptxas: puts its input behind its arguments.
  char folder[] = "/tmp/sparsity-ptxas-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  std::string home = folder;
  ASSERT_EQ(std::system(("mkdir " + home + "/bin").c_str()), 0);
  std::string program = home + "/bin/ptxas";
  {
    std::error_code problem;
    llvm::raw_fd_ostream script(program, problem);
    script
        << "#!/bin/sh\n"
           "if grep -q wrong \"$3\"; then echo 'line 1: no such instruction'; "
           "exit 255; fi\n"
           "{ echo \"$1 $2\"; cat \"$3\"; } > \"$5\"\n";
  }
  ASSERT_EQ(std::system(("chmod +x " + program).c_str()), 0);
  Variable variable("CUDA_HOME", home);
  FailureOr<std::string> cubin =
      assembleCubin("right", "sm_90a", UnknownLoc::get(&context));
  EXPECT_TRUE(succeeded(cubin)) << errors;
  EXPECT_EQ(succeeded(cubin) ? *cubin : "", "-O3 -arch=sm_90a\nright");
  EXPECT_TRUE(
      failed(assembleCubin("wrong", "sm_90a", UnknownLoc::get(&context))));
  EXPECT_NE(
      errors.find("expected PTX that ptxas assembles for sm_90a, but got: "
                  "line 1: no such instruction"),
      std::string::npos)
      << errors;
  EXPECT_EQ(std::system(("rm -r " + home).c_str()), 0);
}
} // namespace
