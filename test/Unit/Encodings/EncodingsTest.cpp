//===- EncodingsTest.cpp - the answers encodings give the compiler --------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/ScopedPrinter.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::sparsity;

namespace {

class EncodingsTest : public ::testing::Test {
protected:
  EncodingsTest() { context.loadDialect<SparsityDialect>(); }

  /// The attribute `#sparsity.<text>`.
  Attribute attribute(StringRef text) {
    return parseAttribute(("#sparsity." + text).str(), &context);
  }

  /// tensor<`shape`, #sparsity.<`encoding`>>.
  RankedTensorType type(StringRef shape, StringRef encoding) {
    return dyn_cast_or_null<RankedTensorType>(parseType(
        ("tensor<" + shape + ", #sparsity." + encoding + ">").str(), &context));
  }

  std::string simplified(StringRef shape, StringRef encoding) {
    RankedTensorType tensor = type(shape, encoding);
    Attribute simple = getSparsityEncoding(tensor).simplify(tensor);
    return simple ? llvm::to_string(simple) : "dense";
  }

  std::string resolved(StringRef shape, StringRef encoding, StringRef target) {
    RankedTensorType tensor = type(shape, encoding);
    auto chip = cast<TileTargetAttrInterface>(
        Attribute(TargetAttr::get(&context, target)));
    return llvm::to_string(
        getSparsityEncoding(tensor).resolveStorage(tensor, chip));
  }

  std::string permuted(StringRef encoding, ArrayRef<int64_t> permutation) {
    Attribute result = cast<SparsityEncodingAttrInterface>(attribute(encoding))
                           .permute(permutation);
    return result ? llvm::to_string(result) : "none";
  }

  MLIRContext context;
};

/// Whether `point` lies in `set`, which has no symbols.
bool holds(IntegerSet set, const Point &point) {
  MLIRContext *context = set.getContext();
  SmallVector<AffineExpr> values;
  for (int64_t index : point) {
    values.push_back(getAffineConstantExpr(index, context));
  }
  for (auto [constraint, equality] :
       llvm::zip_equal(set.getConstraints(), set.getEqFlags())) {
    AffineExpr folded = simplifyAffineExpr(constraint.replaceDims(values),
                                           /*numDims=*/0, /*numSymbols=*/0);
    int64_t value = cast<AffineConstantExpr>(folded).getValue();
    if (equality ? value != 0 : value < 0) {
      return false;
    }
  }
  return true;
}

const char *const kPositional[] = {
    "window<left = 3, right = 0>",
    "window<left = 0>",
    "window<right = 5>",
    "strided<period = 4>",
    "strided<period = 5, offset = 4>",
    "prefix<length = 3>",
    "any_of<[#sparsity.window<left = 2>, #sparsity.strided<period = 6>, "
    "#sparsity.prefix<length = 1>]>",
    "all_of<[#sparsity.window<right = 0>, "
    "#sparsity.any_of<[#sparsity.window<left = 2>, "
    "#sparsity.strided<period = 4, offset = 1>]>]>",
};

// What tiling reads (coverage) and what masking reads (the affine predicate)
// are two descriptions of one pattern.
TEST_F(EncodingsTest, CoverageAgreesWithPredicate) {
  for (const char *encoding : kPositional) {
    RankedTensorType tensor = type("2x13x11xf32", encoding);
    ASSERT_TRUE(tensor) << encoding;
    SparsityEncodingAttrInterface attr = getSparsityEncoding(tensor);
    Coverage coverage = attr.getCoverage(tensor);
    std::optional<SmallVector<IntegerSet>> sets =
        attr.getElementPredicate(tensor);
    ASSERT_TRUE(sets.has_value()) << encoding;
    EXPECT_EQ(attr.getBindingTime(), BindingTime::Compile);
    int64_t present = 0;
    for (int64_t batch = 0; batch < 2; ++batch) {
      for (int64_t row = 0; row < 13; ++row) {
        for (int64_t column = 0; column < 11; ++column) {
          Point point = {batch, row, column};
          bool inside = llvm::any_of(
              *sets, [&](IntegerSet set) { return holds(set, point); });
          EXPECT_EQ(coverage.contains(point), inside)
              << encoding << " at " << row << ", " << column;
          present += inside;
        }
      }
    }
    EXPECT_GT(present, 0) << encoding;
    EXPECT_LT(present, 2 * 13 * 11) << encoding;
  }
}

TEST_F(EncodingsTest, WindowRows) {
  RankedTensorType tensor = type("8x8xf32", "window<left = 2, right = 1>");
  Coverage coverage = getSparsityEncoding(tensor).getCoverage(tensor);
  for (int64_t row = 0; row < 8; ++row) {
    for (int64_t column = 0; column < 8; ++column) {
      EXPECT_EQ(coverage.contains({row, column}),
                row - 2 <= column && column <= row + 1);
    }
  }
}

TEST_F(EncodingsTest, DataDecidesThePredicate) {
  for (const char *encoding :
       {"n_of_m<2:4, axis = 1>", "block<4x4>", "unstructured", "segments",
        "stored_dense<#sparsity.block<4x4>>", "block<2x4, merged = 4x4>",
        "gate<top_k = 2>", "activation<relu>",
        "all_of<[#sparsity.window<right = 0>, #sparsity.segments]>"}) {
    RankedTensorType tensor = type("8x8xf32", encoding);
    EXPECT_FALSE(
        getSparsityEncoding(tensor).getElementPredicate(tensor).has_value())
        << encoding;
  }
}

// The product of 9 unions of 2 has 512 disjuncts: too many to write down, while
// the coverage still answers.
TEST_F(EncodingsTest, LargeProductHasNoPredicate) {
  std::string members;
  for (int i = 0; i < 9; ++i) {
    members += (i ? ", " : "") +
               ("#sparsity.any_of<[#sparsity.prefix<length = " +
                std::to_string(i + 1) + ">, #sparsity.window<right = 0>]>");
  }
  RankedTensorType tensor = type("16x16xf32", "all_of<[" + members + "]>");
  SparsityEncodingAttrInterface attr = getSparsityEncoding(tensor);
  EXPECT_FALSE(attr.getElementPredicate(tensor).has_value());
  EXPECT_TRUE(attr.getCoverage(tensor).contains({0, 0}));
  EXPECT_FALSE(attr.getCoverage(tensor).contains({0, 1}));
}

TEST_F(EncodingsTest, ListedCoverage) {
  RankedTensorType block = type("8x12xf16", "block<4x3>");
  EXPECT_EQ(getSparsityEncoding(block).getCoverage(block),
            Coverage::listed(0, 4, 1, 3));
  RankedTensorType experts = type("?x9x12xf16", "block<4x3>");
  EXPECT_EQ(getSparsityEncoding(experts).getCoverage(experts),
            Coverage::listed(Coverage::Batch{0, 3}, 1, 4, 2, 3));
  RankedTensorType gate = type("?x8xf32", "gate<top_k = 2>");
  EXPECT_EQ(getSparsityEncoding(gate).getCoverage(gate),
            Coverage::listed(1, 1, 0, 1));
  RankedTensorType tiles = type("?x?xf16", "unstructured");
  EXPECT_EQ(getSparsityEncoding(tiles).getCoverage(tiles),
            Coverage::listed(0, 64, 1, 64));
  RankedTensorType segments = type("2x8x8xf16", "segments");
  EXPECT_EQ(
      getSparsityEncoding(segments).getCoverage(segments),
      Coverage::band(1, 2, AffineBound::read("lo"), AffineBound::read("hi")));
  RankedTensorType both = type(
      "8x8xf16", "all_of<[#sparsity.window<right = 0>, #sparsity.block<4x4>]>");
  EXPECT_EQ(getSparsityEncoding(both).getCoverage(both),
            Coverage::allOf({Coverage::band(0, 1, AffineBound::infinite(),
                                            AffineBound::affine(1, 0)),
                             Coverage::listed(0, 4, 1, 4)}));
}

TEST_F(EncodingsTest, FormatLayoutAndBindingTime) {
  struct Row {
    const char *encoding;
    TileFormat format;
    BindingTime time;
    StorageLayout layout;
    bool packer;
  };
  const Row rows[] = {
      {"n_of_m<2:4, axis = 0>", TileFormat::nOfM(2, 4, 0), BindingTime::Pack,
       StorageLayout::RowMajor, true},
      {"n_of_m<2:4, axis = 1, layout = core_matrix>", TileFormat::nOfM(2, 4, 1),
       BindingTime::Pack, StorageLayout::CoreMatrix, true},
      {"unstructured", TileFormat::bitmap(64, 64), BindingTime::Pack,
       StorageLayout::RowMajor, true},
      {"unstructured<layout = fragments>", TileFormat::bitmap(64, 64),
       BindingTime::Pack, StorageLayout::Fragments, true},
      {"block<4x4>", TileFormat::dense(), BindingTime::Pack,
       StorageLayout::RowMajor, true},
      {"stored_dense<#sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>",
       TileFormat::dense(), BindingTime::Pack, StorageLayout::RowMajor, true},
      {"window<right = 0>", TileFormat::dense(), BindingTime::Compile,
       StorageLayout::RowMajor, false},
      {"segments", TileFormat::dense(), BindingTime::Run,
       StorageLayout::RowMajor, false},
      {"gate<top_k = 2>", TileFormat::dense(), BindingTime::Run,
       StorageLayout::RowMajor, false},
      {"activation<relu>", TileFormat::dense(), BindingTime::Run,
       StorageLayout::RowMajor, false},
      {"all_of<[#sparsity.window<right = 0>, #sparsity.n_of_m<2:4, axis = 1, "
       "layout = core_matrix>]>",
       TileFormat::nOfM(2, 4, 1), BindingTime::Pack, StorageLayout::CoreMatrix,
       false},
      {"all_of<[#sparsity.segments, #sparsity.window<right = 0>]>",
       TileFormat::dense(), BindingTime::Run, StorageLayout::RowMajor, false},
  };
  for (const Row &row : rows) {
    RankedTensorType tensor = type("64x64xf16", row.encoding);
    SparsityEncodingAttrInterface attr = getSparsityEncoding(tensor);
    EXPECT_EQ(attr.getTileFormat(tensor), row.format) << row.encoding;
    EXPECT_EQ(attr.getBindingTime(), row.time) << row.encoding;
    EXPECT_EQ(attr.getStorageLayout(), row.layout) << row.encoding;
    EXPECT_EQ(attr.hasPacker(), row.packer) << row.encoding;
  }
  RankedTensorType nested = type(
      "64x64xf16", "block<32x32, inner = #sparsity.n_of_m<2:4, axis = 1>>");
  EXPECT_EQ(getSparsityEncoding(nested).getTileFormat(nested),
            TileFormat::nOfM(2, 4, 1));
  // The inner axis counts the axes of a block, the format's those of the
  // tensor.
  RankedTensorType experts = type(
      "8x64x64xf16", "block<32x32, inner = #sparsity.n_of_m<2:4, axis = 1>>");
  EXPECT_EQ(getSparsityEncoding(experts).getTileFormat(experts),
            TileFormat::nOfM(2, 4, 2));
}

// A list may be stored with an order of its groups, which its coverage does not
// read.
TEST_F(EncodingsTest, Order) {
  auto order = [&](const char *shape, const char *encoding) {
    RankedTensorType tensor = type(shape, encoding);
    Attribute found = getSparsityEncoding(tensor).orderStorage(tensor);
    return RankedTensorType::get(tensor.getShape(), tensor.getElementType(),
                                 found);
  };
  RankedTensorType listed = type("9x12xf16", "block<4x3>");
  RankedTensorType ordered = order("9x12xf16", "block<4x3>");
  EXPECT_EQ(ordered, type("9x12xf16", "block<4x3, ordered>"));
  EXPECT_EQ(order("9x12xf16", "block<4x3, ordered>"), ordered);
  SparsityEncodingAttrInterface with = getSparsityEncoding(ordered),
                                without = getSparsityEncoding(listed);
  EXPECT_EQ(without.getOrderField(listed), "");
  EXPECT_EQ(with.getOrderField(ordered), "order");
  EXPECT_EQ(with.getCoverage(ordered), without.getCoverage(listed));
  SmallVector<StorageField> fields = without.getStorage(listed),
                            more = with.getStorage(ordered);
  ASSERT_EQ(more.size(), fields.size() + 1);
  for (auto [one, other] : llvm::zip(fields, more)) {
    EXPECT_EQ(one.name, other.name);
    EXPECT_EQ(one.type, other.type);
  }
  EXPECT_EQ(more.back().name, "order");
  EXPECT_EQ(more.back().type.getShape(), ArrayRef<int64_t>{3});
  // A batch of lists has no order, and neither has what is no list.
  EXPECT_EQ(order("2x9x12xf16", "block<4x3>"),
            type("2x9x12xf16", "block<4x3>"));
  EXPECT_EQ(order("8x8xf16", "n_of_m<2:4, axis = 1>"),
            type("8x8xf16", "n_of_m<2:4, axis = 1>"));
  RankedTensorType both =
      type("9x12xf16", "all_of<[#sparsity.window<right = 0>, "
                       "#sparsity.block<4x3, ordered>]>");
  EXPECT_EQ(getSparsityEncoding(both).getOrderField(both), "order");
}

TEST_F(EncodingsTest, OtherForms) {
  auto printForm = [](Attribute form) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    form ? stream << form : stream << "none";
    return text;
  };
  auto storeDense = [&](StringRef encoding) {
    RankedTensorType tensor = type("64x64xf16", encoding);
    return printForm(getSparsityEncoding(tensor).getStoredDense(tensor));
  };
  EXPECT_EQ(storeDense("block<16x16, ordered>"),
            "#sparsity.stored_dense<#sparsity.block<16x16>>");
  EXPECT_EQ(storeDense("block<16x16, merged = 64x32>"),
            "#sparsity.stored_dense<#sparsity.block<16x16>>");
  EXPECT_EQ(storeDense("n_of_m<2:4, axis = 1, layout = core_matrix>"),
            "#sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>");
  EXPECT_EQ(storeDense("unstructured"),
            "#sparsity.stored_dense<#sparsity.unstructured>");
  EXPECT_EQ(storeDense("stored_dense<#sparsity.block<4x4>>"), "none");
  EXPECT_EQ(storeDense("window<right = 0>"), "none");

  auto merge = [&](StringRef encoding) {
    RankedTensorType tensor = type("64x64xf16", encoding);
    return printForm(getSparsityEncoding(tensor).mergeStorage(tensor, 64, 128));
  };
  EXPECT_EQ(merge("block<32x32>"), "#sparsity.block<32x32, merged = 64x128>");
  EXPECT_EQ(merge("block<48x64, ordered>"),
            "#sparsity.block<48x64, merged = 192x128, ordered>");
  EXPECT_EQ(merge("block<64x128>"), "none");
  EXPECT_EQ(merge("block<128x256>"), "none");
  // 320 rows are no block.
  EXPECT_EQ(merge("block<40x32>"), "none");
  EXPECT_EQ(merge("block<32x32, merged = 64x64>"), "none");
  EXPECT_EQ(merge("block<32x32, inner = #sparsity.n_of_m<2:4, axis = 1>>"),
            "none");
  EXPECT_EQ(merge("unstructured"), "none");

  RankedTensorType units = type("9x12xf16", "block<2x3, merged = 4x6>");
  EXPECT_EQ(getSparsityEncoding(units).getCoverage(units),
            Coverage::listed(0, 4, 1, 6));
  SmallVector<StorageField> storage =
      getSparsityEncoding(units).getStorage(units);
  EXPECT_EQ(storage[0].type.getDimSize(0), 4);
  EXPECT_EQ(storage[2].type.getShape().drop_front(), ArrayRef<int64_t>({4, 6}));

  RankedTensorType dense =
      type("9x12xf16", "stored_dense<#sparsity.block<4x3>>");
  SparsityEncodingAttrInterface attr = getSparsityEncoding(dense);
  EXPECT_TRUE(attr.getCoverage(dense).isAll());
  EXPECT_EQ(attr.getStorage(dense).size(), 1u);
  EXPECT_EQ(attr.getStorage(dense)[0].type, getDenseType(dense));
  EXPECT_EQ(attr.getPattern(), type("9x12xf16", "block<4x3>").getEncoding());
  EXPECT_EQ(getSparsityEncoding(units).getPattern(), units.getEncoding());
}

TEST_F(EncodingsTest, ConstantsOfAPatternRoundTrip) {
  // decode(encode(x)) is x, of any form of storage, but for -0.0.
  auto fail = [&] {
    ADD_FAILURE() << "expected no error";
    return mlir::emitError(UnknownLoc::get(&context));
  };
  SmallVector<float> values(6 * 8);
  for (int64_t at : {0, 1, 9, 22, 47}) {
    values[at] = static_cast<float>(at + 1);
  }
  for (const char *encoding :
       {"n_of_m<2:4, axis = 1>", "block<4x3>", "block<4x3, ordered>",
        "block<2x3, merged = 4x6>", "unstructured",
        "block<2x4, inner = #sparsity.n_of_m<2:4, axis = 1>>",
        "stored_dense<#sparsity.n_of_m<2:4, axis = 1>>",
        "stored_dense<#sparsity.block<4x3>>",
        "stored_dense<#sparsity.unstructured>"}) {
    RankedTensorType tensor = type("6x8xf32", encoding);
    SparsityEncodingAttrInterface attr = getSparsityEncoding(tensor);
    auto dense =
        DenseElementsAttr::get(getDenseType(tensor), ArrayRef<float>(values));
    auto fields = attr.pack(tensor, dense, /*prune=*/false, fail);
    ASSERT_TRUE(succeeded(fields)) << encoding;
    EXPECT_TRUE(succeeded(attr.verifyStorage(tensor, *fields, fail)));
    auto unpacked = attr.unpack(tensor, *fields, fail);
    ASSERT_TRUE(succeeded(unpacked)) << encoding;
    EXPECT_EQ(*unpacked, dense) << encoding;
  }
}

TEST_F(EncodingsTest, Selection) {
  auto selection = [&](const char *encoding) {
    RankedTensorType tensor = type("8x16xf32", encoding);
    return getSparsityEncoding(tensor).getSelection(tensor);
  };
  std::optional<Selection> relu = selection("activation<relu>");
  ASSERT_TRUE(relu.has_value());
  EXPECT_EQ(relu->kind, Selection::Kind::Positive);
  std::optional<Selection> above = selection("activation<threshold = 0.25>");
  ASSERT_TRUE(above.has_value());
  EXPECT_EQ(above->kind, Selection::Kind::AboveThreshold);
  EXPECT_EQ(above->threshold, 0.25);
  std::optional<Selection> largest = selection("activation<top_k = 3>");
  ASSERT_TRUE(largest.has_value());
  EXPECT_EQ(largest->kind, Selection::Kind::LargestInRow);
  EXPECT_EQ(largest->count, 3);
  // What positions decide, a packer packs or a router chooses follows no rule.
  for (const char *encoding : {"window<right = 0>", "n_of_m<2:4, axis = 1>",
                               "segments", "gate<top_k = 2>"}) {
    EXPECT_FALSE(selection(encoding).has_value()) << encoding;
  }
}

TEST_F(EncodingsTest, Simplify) {
  // A bound that no element can meet does not bind.
  EXPECT_EQ(simplified("8x16xf32", "window<left = 7, right = 15>"), "dense");
  EXPECT_EQ(simplified("8x16xf32", "window<left = 7, right = 14>"),
            "#sparsity.window<right = 14>");
  EXPECT_EQ(simplified("8x16xf32", "window<left = 6, right = 15>"),
            "#sparsity.window<left = 6>");
  EXPECT_EQ(simplified("?x?xf32", "window<left = 6, right = 15>"),
            "#sparsity.window<left = 6, right = 15>");
  EXPECT_EQ(simplified("8x8xf32", "strided<period = 1>"), "dense");
  EXPECT_EQ(simplified("8x8xf32", "prefix<length = 8>"), "dense");
  EXPECT_EQ(simplified("8x8xf32", "prefix<length = 7>"),
            "#sparsity.prefix<length = 7>");
  EXPECT_EQ(simplified("8x?xf32", "prefix<length = 8>"),
            "#sparsity.prefix<length = 8>");
  // Flattened, equal members once, members that say nothing dropped.
  EXPECT_EQ(simplified("8x8xf32",
                       "all_of<[#sparsity.window<right = 0>, "
                       "#sparsity.all_of<[#sparsity.prefix<length = 2>, "
                       "#sparsity.window<right = 0>]>, "
                       "#sparsity.window<left = 100>]>"),
            "#sparsity.all_of<[#sparsity.window<right = 0>, "
            "#sparsity.prefix<length = 2>]>");
  EXPECT_EQ(simplified("8x8xf32", "all_of<[#sparsity.window<left = 100>]>"),
            "dense");
  EXPECT_EQ(simplified("8x8xf32", "all_of<[#sparsity.n_of_m<2:4, axis = 1>, "
                                  "#sparsity.strided<period = 1>]>"),
            "#sparsity.n_of_m<2:4, axis = 1>");
  EXPECT_EQ(simplified("8x8xf32", "any_of<[#sparsity.window<right = 0>, "
                                  "#sparsity.prefix<length = 8>]>"),
            "dense");
  EXPECT_EQ(
      simplified("8x8xf32",
                 "any_of<[#sparsity.any_of<[#sparsity.prefix<length = 2>, "
                 "#sparsity.window<right = 0>]>, "
                 "#sparsity.prefix<length = 2>]>"),
      "#sparsity.any_of<[#sparsity.prefix<length = 2>, "
      "#sparsity.window<right = 0>]>");
}

TEST_F(EncodingsTest, ResolveStorage) {
  const std::string rowMajor = "#sparsity.n_of_m<2:4, axis = 1>";
  const std::string coreMatrix =
      "#sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>";
  const char *encoding = "n_of_m<2:4, axis = 1>";
  EXPECT_EQ(resolved("64x64xbf16", encoding, "sm_90a"), coreMatrix);
  EXPECT_EQ(resolved("63x65xf16", encoding, "sm_80"), coreMatrix);
  EXPECT_EQ(resolved("64x64xi8", encoding, "sm_80"), coreMatrix);
  EXPECT_EQ(resolved("64x64xf8E4M3FN", encoding, "sm_90a"), coreMatrix);
  EXPECT_EQ(resolved("64x64xf8E4M3FN", encoding, "sm_80"), rowMajor);
  EXPECT_EQ(resolved("64x64xf32", encoding, "sm_90a"), rowMajor);
  EXPECT_EQ(resolved("64x64xbf16", encoding, "cpu"), rowMajor);
  EXPECT_EQ(resolved("?x64xbf16", encoding, "sm_90a"), rowMajor);
  EXPECT_EQ(resolved("8x64x64xbf16", encoding, "sm_90a"), rowMajor);
  EXPECT_EQ(resolved("64x64xbf16", "n_of_m<3:4, axis = 1>", "sm_90a"),
            "#sparsity.n_of_m<3:4, axis = 1>");
  EXPECT_EQ(resolved("64x64xbf16", "n_of_m<1:2, axis = 1>", "sm_90a"),
            "#sparsity.n_of_m<1:2, axis = 1, layout = core_matrix>");
  const std::string fragments = "#sparsity.unstructured<layout = fragments>";
  EXPECT_EQ(resolved("65x?xbf16", "unstructured", "sm_90a"), fragments);
  EXPECT_EQ(resolved("64x64xf16", "unstructured", "sm_80"),
            "#sparsity.unstructured");
  EXPECT_EQ(resolved("64x64xi8", "unstructured", "sm_90a"),
            "#sparsity.unstructured");
  EXPECT_EQ(resolved("64x64xf16", "unstructured<tile = 16x64>", "sm_90a"),
            "#sparsity.unstructured<tile = 16x64>");
  EXPECT_EQ(resolved("64x64xbf16",
                     "all_of<[#sparsity.window<right = 0>, "
                     "#sparsity.n_of_m<2:4, axis = 1>]>",
                     "sm_90a"),
            "#sparsity.all_of<[#sparsity.window<right = 0>, " + coreMatrix +
                "]>");
}

// Whatever layout a target picks, the type that carries it is one a user may
// write.
TEST_F(EncodingsTest, ResolvedStorageVerifies) {
  const char *const shapes[] = {"64x64", "1x1", "0x7", "?x64", "3x5x7"};
  const char *const elements[] = {"f16",      "bf16",   "f32",
                                  "f8E4M3FN", "f8E5M2", "i8"};
  for (const TargetInfo &target : getKnownTargets()) {
    for (const char *shape : shapes) {
      for (const char *element : elements) {
        for (int64_t m = 2; m <= 16; ++m) {
          for (int64_t n = 1; n < m; ++n) {
            std::string encoding = "n_of_m<" + std::to_string(n) + ":" +
                                   std::to_string(m) + ", axis = 0>";
            std::string text = std::string(shape) + "x" + element;
            EXPECT_TRUE(parseType("tensor<" + text + ", " +
                                      resolved(text, encoding, target.name) +
                                      ">",
                                  &context))
                << text << " " << encoding << " " << target.name.str();
          }
        }
      }
    }
  }
}

TEST_F(EncodingsTest, Permute) {
  EXPECT_EQ(permuted("n_of_m<2:4, axis = 2>", {2, 0, 1}),
            "#sparsity.n_of_m<2:4, axis = 0>");
  EXPECT_EQ(
      permuted("block<64x32, inner = #sparsity.n_of_m<2:4, axis = 1>>", {1, 0}),
      "#sparsity.block<32x64, inner = #sparsity.n_of_m<2:4, axis = 0>>");
  EXPECT_EQ(permuted("block<64x32, inner = #sparsity.n_of_m<2:4, axis = 1>>",
                     {0, 2, 1}),
            "#sparsity.block<32x64, inner = #sparsity.n_of_m<2:4, axis = 0>>");
  EXPECT_EQ(permuted("block<64x32>", {0, 1, 2}), "#sparsity.block<64x32>");
  EXPECT_EQ(permuted("block<64x32>", {1, 0, 2}), "none");
  EXPECT_EQ(permuted("block<16x32, merged = 64x128>", {1, 0}),
            "#sparsity.block<32x16, merged = 128x64>");
  EXPECT_EQ(permuted("stored_dense<#sparsity.block<64x32>>", {1, 0}),
            "#sparsity.stored_dense<#sparsity.block<32x64>>");
  EXPECT_EQ(permuted("stored_dense<#sparsity.block<64x32>>", {1, 0, 2}),
            "none");
  EXPECT_EQ(permuted("unstructured<tile = 16x64>", {1, 0}),
            "#sparsity.unstructured<tile = 64x16>");
  EXPECT_EQ(permuted("unstructured<layout = fragments>", {1, 0}), "none");
  EXPECT_EQ(permuted("unstructured<layout = fragments>", {0, 1}),
            "#sparsity.unstructured<layout = fragments>");
  EXPECT_EQ(permuted("window<left = 3, right = 0>", {1, 0}),
            "#sparsity.window<left = 0, right = 3>");
  EXPECT_EQ(permuted("window<left = 3>", {1, 0, 2, 3}),
            "#sparsity.window<left = 3>");
  EXPECT_EQ(permuted("window<left = 3>", {2, 1, 0}), "none");
  EXPECT_EQ(permuted("strided<period = 4>", {1, 0, 2}),
            "#sparsity.strided<period = 4>");
  EXPECT_EQ(permuted("strided<period = 4>", {1, 0}), "none");
  EXPECT_EQ(permuted("prefix<length = 4>", {1, 0}), "none");
  EXPECT_EQ(permuted("segments", {1, 0}), "none");
  EXPECT_EQ(permuted("gate<top_k = 2>", {0, 1}), "#sparsity.gate<top_k = 2>");
  EXPECT_EQ(permuted("gate<top_k = 2>", {1, 0}), "none");
  EXPECT_EQ(permuted("activation<relu>", {1, 0}), "none");
  EXPECT_EQ(permuted("all_of<[#sparsity.window<right = 0>, "
                     "#sparsity.n_of_m<2:4, axis = 1>]>",
                     {1, 0}),
            "#sparsity.all_of<[#sparsity.window<left = 0>, "
            "#sparsity.n_of_m<2:4, axis = 0>]>");
  EXPECT_EQ(permuted("any_of<[#sparsity.window<right = 0>, "
                     "#sparsity.prefix<length = 4>]>",
                     {1, 0}),
            "none");
}

// A permuted window holds the permuted elements.
TEST_F(EncodingsTest, PermutedWindowContains) {
  RankedTensorType tensor = type("9x9xf32", "window<left = 4, right = 1>");
  SparsityEncodingAttrInterface attr = getSparsityEncoding(tensor);
  auto transposed = cast<SparsityEncodingAttrInterface>(attr.permute({1, 0}));
  for (int64_t row = 0; row < 9; ++row) {
    for (int64_t column = 0; column < 9; ++column) {
      EXPECT_EQ(attr.getCoverage(tensor).contains({row, column}),
                transposed.getCoverage(tensor).contains({column, row}));
    }
  }
}

TEST_F(EncodingsTest, TargetNamesItsRow) {
  for (const TargetInfo &target : getKnownTargets()) {
    auto attr = cast<TileTargetAttrInterface>(
        Attribute(TargetAttr::get(&context, target.name)));
    EXPECT_EQ(&attr.getTargetInfo(), lookupTarget(target.name));
  }
}

} // namespace
