//===- EntryAbiTest.cpp - reading and printing the ABI of an entry --------===//

#include "ExecutionFixture.h"

#include "sparsity/Execution/EntryAbi.h"

#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace mlir::sparsity;

namespace {
using EntryAbiTest = ExecutionTest;

constexpr const char *kEntry = R"(
func.func private @main() attributes {sparsity.abi = [
  {kind = "tensor", arg = 0 : i64, type = tensor<?x64xbf16>},
  {kind = "field", arg = 1 : i64, field = "values", pack = "prune",
   type = tensor<?x64xbf16, #sparsity.n_of_m<2:4, axis = 1>>,
   storage = tensor<?x32xbf16>},
  {kind = "dim", arg = 1 : i64, dim = 0 : i64},
  {kind = "scalar", arg = 2 : i64, type = f32},
  {kind = "result", result = 0 : i64, type = tensor<?x?xbf16>,
   shape = affine_map<()[s0, s1] -> (s0 ceildiv 2, s1)>,
   symbols = array<i64: 0, 0, 1, 0>}],
  sparsity.launches = [{kernel = "k0", shared = 1024 : i64, once = true,
    grid = [affine_map<()[s0] -> (s0 ceildiv 128)>], block = array<i64: 256, 1>}]})";

TEST_F(EntryAbiTest, ReadsEveryKind) {
  OwningOpRef<ModuleOp> module = parse(kEntry);
  ASSERT_TRUE(module);
  FailureOr<EntryAbi> abi = readEntryAbi(lookupEntry(*module, "main"));
  ASSERT_TRUE(succeeded(abi)) << errors;
  ASSERT_EQ(abi->size(), 5u);
  EXPECT_EQ((*abi)[0].kind, EntryArgument::Kind::Tensor);
  EXPECT_EQ((*abi)[1].kind, EntryArgument::Kind::Field);
  EXPECT_EQ((*abi)[1].field, "values");
  EXPECT_EQ((*abi)[1].pack, PackKind::Prune);
  EXPECT_EQ((*abi)[1].storage.getDimSize(1), 32);
  EXPECT_EQ((*abi)[2].kind, EntryArgument::Kind::Dim);
  EXPECT_EQ((*abi)[2].index, 1);
  EXPECT_EQ((*abi)[3].kind, EntryArgument::Kind::Scalar);
  EXPECT_TRUE((*abi)[3].type.isF32());
  SmallVector<int64_t> shape =
      getResultShape((*abi)[4], [](int64_t argument, int64_t dim) {
        return argument == 0 && dim == 0 ? 9 : 30;
      });
  EXPECT_EQ(shape, (SmallVector<int64_t>{5, 30}));
}

TEST_F(EntryAbiTest, RefusesMalformedEntries) {
  for (const char *abi : {
           R"({arg = 0 : i64})",
           R"({kind = "buffer", arg = 0 : i64})",
           R"({kind = "tensor", arg = 0 : i64})",
           R"({kind = "tensor", arg = 0 : i64, type = f32})",
           R"({kind = "dim", arg = 0 : i64})",
           R"({kind = "field", arg = 0 : i64, type = tensor<4xf32>})",
           R"({kind = "result", result = 0 : i64, type = tensor<?xf32>,
               shape = affine_map<()[s0] -> (s0)>})",
           R"({kind = "result", result = 0 : i64, type = tensor<?xf32>,
               shape = affine_map<()[s0] -> (s0, s0)>,
               symbols = array<i64: 0, 0>})",
           R"(3 : i32)",
       }) {
    errors.clear();
    OwningOpRef<ModuleOp> module =
        parse("func.func private @main() attributes {sparsity.abi = [" +
              std::string(abi) + "]}");
    ASSERT_TRUE(module) << errors;
    EXPECT_TRUE(failed(readEntryAbi(lookupEntry(*module, "main")))) << abi;
    EXPECT_NE(errors.find("expected an entry of sparsity.abi"),
              std::string::npos)
        << errors;
  }
  OwningOpRef<ModuleOp> module = parse("func.func private @main()");
  EXPECT_TRUE(failed(readEntryAbi(lookupEntry(*module, "main"))));
  EXPECT_EQ(lookupEntry(*module, "other"), nullptr);
}

TEST_F(EntryAbiTest, DescribesLaunchesAsJSON) {
  OwningOpRef<ModuleOp> module = parse(kEntry);
  ASSERT_TRUE(module);
  llvm::Expected<llvm::json::Value> root =
      llvm::json::parse(describeLaunches(*module));
  ASSERT_TRUE(bool(root));
  const llvm::json::Object &function =
      *(*root->getAsObject()->getArray("functions"))[0].getAsObject();
  EXPECT_EQ(function.getString("name"), "main");
  EXPECT_EQ(function.getArray("arguments")->size(), 5u);
  const llvm::json::Object &launch =
      *(*function.getArray("launches"))[0].getAsObject();
  EXPECT_EQ(launch.getString("kernel"), "k0");
  EXPECT_EQ(launch.getInteger("shared"), 1024);
  EXPECT_EQ(launch.getBoolean("once"), true);
  EXPECT_EQ((*(*launch.getArray("grid"))[0].getAsArray())[0].getAsString(),
            "s0 ceildiv 128");
  EXPECT_EQ((*launch.getArray("block"))[0].getAsInteger(), 256);
}
} // namespace
