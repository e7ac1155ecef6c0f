//===- TuningTableTest.cpp - rows of measured tiles -----------------------===//

#include "sparsity/Target/TuningTable.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace mlir::sparsity;

namespace {
const std::string kHeader = TuningTable::kHeader.str() + "\n";

std::string parseError(const std::string &text) {
  llvm::Expected<TuningTable> table = TuningTable::parse(text);
  return table ? "no error" : llvm::toString(table.takeError());
}

TuningTable parse(const std::string &rows) {
  llvm::Expected<TuningTable> table = TuningTable::parse(kHeader + rows);
  if (!table) {
    ADD_FAILURE() << llvm::toString(table.takeError());
    return TuningTable();
  }
  return *table;
}

/// A table with a row for each number of columns, and 8 stages and more: the
/// row's number.
TuningTable makeTable(std::initializer_list<int64_t> columns) {
  std::string rows;
  int stages = 8;
  for (int64_t number : columns) {
    rows += "sm_90a,bf16,2:4,4096,8192," + std::to_string(number) +
            ",128,64,2," + std::to_string(stages++) + ",1,1,10\n";
  }
  return parse(rows);
}

TuningKey makeKey(int64_t columns) {
  return {"sm_90a", MultiplyType::BF16, "2:4", 4096, 8192, columns};
}

/// The columns of the row that serves `columns`, or 0.
int64_t lookup(const TuningTable &table, int64_t columns) {
  const TuningRow *row = table.lookup(makeKey(columns));
  return row ? row->key.columns : 0;
}

class TuningFile : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("tuning", folder));
    llvm::SmallString<64> path(folder);
    llvm::sys::path::append(path, "table.csv");
    file = path.str().str();
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  int countFiles() {
    std::error_code code;
    int count = 0;
    for (llvm::sys::fs::directory_iterator at(folder, code), end; at != end;
         at.increment(code)) {
      ++count;
    }
    return count;
  }

  llvm::SmallString<64> folder;
  std::string file;
};
} // namespace

TEST(TuningTable, ReadsARow) {
  TuningTable table =
      parse("sm_90a,e4m3,2:4+2:4,14336,4096,16,64,16,1,12,2,1,23.5\r\n\n");
  ASSERT_EQ(table.getRows().size(), 1u);
  const TuningRow &row = table.getRows()[0];
  EXPECT_EQ(row.key.target, "sm_90a");
  EXPECT_EQ(row.key.type, MultiplyType::E4M3);
  EXPECT_EQ(row.key.format, "2:4+2:4");
  EXPECT_EQ(row.key.rows, 14336);
  EXPECT_EQ(row.key.reduction, 4096);
  EXPECT_EQ(row.key.columns, 16);
  EXPECT_EQ(row.tileRows, 64);
  EXPECT_EQ(row.tileColumns, 16);
  EXPECT_EQ(row.consumers, 1);
  EXPECT_EQ(row.stages, 12);
  EXPECT_EQ(row.cluster, 2);
  EXPECT_EQ(row.splits, 1);
  EXPECT_EQ(row.microseconds, 23.5);
}

TEST(TuningTable, ErrorsNameTheLine) {
  const std::string row = "sm_90a,bf16,dense,64,64,16,64,16,1,4,1,1,2.5\n";
  EXPECT_EQ(parseError(""), "line 1: expected the header \"" +
                                TuningTable::kHeader.str() +
                                "\", but got \"\"");
  EXPECT_EQ(parseError(row), "line 1: expected the header \"" +
                                 TuningTable::kHeader.str() + "\", but got \"" +
                                 row.substr(0, row.size() - 1) + "\"");
  EXPECT_EQ(parseError(kHeader + row + "sm_90a,bf16\n"),
            "line 3: expected 13 or 14 fields, but got 2");
  EXPECT_EQ(
      parseError(kHeader + "sm_91,bf16,dense,64,64,16,64,16,1,4,1,1,2.5\n"),
      "line 2: expected a target among cpu, sm_80, sm_90a, but got \"sm_91\"");
  EXPECT_EQ(
      parseError(kHeader + "sm_90a,i8,dense,64,64,16,64,16,1,4,1,1,2.5\n"),
      "line 2: expected a type among f16, bf16, tf32, f32, s8, e4m3, e5m2, "
      "but got \"i8\"");
  EXPECT_EQ(
      parseError(kHeader + "sm_90a,bf16,dense,64,64,16,64,0,1,4,1,1,2.5\n"),
      "line 2: expected a positive integer as tile_columns, but got \"0\"");
  EXPECT_EQ(
      parseError(kHeader + "sm_90a,bf16,dense,64,64,16,64,16,1,4,1,1.5,2.5\n"),
      "line 2: expected a positive integer as splits, but got \"1.5\"");
  EXPECT_EQ(
      parseError(kHeader + "sm_90a,bf16,dense,64,64,16,64,16,1,4,1,1,nan\n"),
      "line 2: expected a positive number as microseconds, but got \"nan\"");
  EXPECT_EQ(parseError(kHeader + "\n" + row + row),
            "line 4: expected one row for each kernel, but got a second one "
            "for \"" +
                row.substr(0, row.size() - 1) + "\"");
}

TEST(TuningTable, KnowsFormats) {
  auto errorOf = [](const std::string &format) {
    return parseError(kHeader + "sm_90a,bf16," + format +
                      ",64,64,16,64,16,1,4,1,1,2.5\n");
  };
  for (const char *format : {"dense", "2:4", "1:2", "dense/128", "2:4/64",
                             "dense+dense", "bitmap/64"}) {
    EXPECT_EQ(errorOf(format), "no error");
  }
  for (const char *format :
       {"", "sparse", "4:2", "0:4", "2:", "2:4+", "dense/", "dense/0"}) {
    EXPECT_EQ(errorOf(format), "line 2: expected a format such as dense, 2:4, "
                               "dense/128 or 2:4+2:4, but got \"" +
                                   std::string(format) + "\"");
  }
}

TEST(TuningTable, BucketsEndAtPowersOfTwoButFor256) {
  for (auto [columns, end] : {std::pair<int64_t, int64_t>{1, 16},
                              {16, 16},
                              {17, 32},
                              {32, 32},
                              {33, 64},
                              {65, 128},
                              {128, 128},
                              {129, 512},
                              {256, 512},
                              {257, 512},
                              {512, 512},
                              {513, 1024},
                              {1024, 1024},
                              {1025, 2048},
                              {5000, 8192}}) {
    EXPECT_EQ(getTuningBucketEnd(columns), end) << columns;
  }
}

TEST(TuningTable, ColumnsTakeTheNextRowOfTheirBucket) {
  TuningTable table = makeTable({16, 64, 300, 400, 1024, 4096});
  EXPECT_EQ(lookup(table, 1), 16);
  EXPECT_EQ(lookup(table, 16), 16);
  // The next row is in another bucket.
  EXPECT_EQ(lookup(table, 17), 0);
  EXPECT_EQ(lookup(table, 33), 64);
  EXPECT_EQ(lookup(table, 65), 0);
  EXPECT_EQ(lookup(table, 129), 300);
  EXPECT_EQ(lookup(table, 301), 400);
  EXPECT_EQ(lookup(table, 401), 0);
  EXPECT_EQ(lookup(table, 513), 1024);
  EXPECT_EQ(lookup(table, 1025), 0);
  EXPECT_EQ(lookup(table, 2049), 4096);
  // The last row serves everything beyond it.
  EXPECT_EQ(lookup(table, 4097), 4096);
  EXPECT_EQ(lookup(table, 1 << 20), 4096);
}

TEST(TuningTable, FewColumnsSayNothingOfMany) {
  EXPECT_EQ(lookup(makeTable({16, 128}), 129), 0);
  EXPECT_EQ(lookup(makeTable({512}), 513), 0);
  EXPECT_EQ(lookup(makeTable({1024}), 1 << 20), 1024);
  EXPECT_EQ(lookup(TuningTable(), 16), 0);
}

TEST(TuningTable, TheRestOfTheKeyIsExact) {
  TuningTable table = makeTable({1024});
  EXPECT_TRUE(table.lookup(makeKey(1024)));
  TuningKey key = makeKey(1024);
  key.target = "sm_80";
  EXPECT_FALSE(table.lookup(key));
  key = makeKey(1024);
  key.type = MultiplyType::F16;
  EXPECT_FALSE(table.lookup(key));
  key = makeKey(1024);
  key.format = "dense";
  EXPECT_FALSE(table.lookup(key));
  for (int64_t change : {-1, 1}) {
    key = makeKey(1024);
    key.rows += change;
    EXPECT_FALSE(table.lookup(key));
    key = makeKey(1024);
    key.reduction += change;
    EXPECT_FALSE(table.lookup(key));
  }
}

TEST(TuningTable, DensitiesHaveBuckets) {
  for (auto [density, bucket] : {std::pair<double, double>{0.001, 0.05},
                                 {0.05, 0.05},
                                 {0.07, 0.05},
                                 {0.0996, 0.1},
                                 {0.2, 0.25},
                                 {0.4, 0.5},
                                 {0.8, 0.75},
                                 {0.85, 0.9},
                                 {0.96, 1},
                                 {1, 1}}) {
    EXPECT_EQ(getTuningDensity(density), bucket) << density;
  }
}

TEST(TuningTable, DensitiesAreExact) {
  TuningTable table =
      parse("sm_90a,bf16,dense/64,512,512,64,64,64,1,4,1,1,9\n"
            "sm_90a,bf16,dense/64,512,512,64,64,64,1,5,1,1,2,0.1\n"
            "sm_90a,bf16,dense/64,512,512,64,64,64,1,6,1,1,5,0.5\n"
            "sm_90a,bf16,dense/64,512,512,32,64,64,1,7,1,1,7,\n");
  TuningKey key{"sm_90a", MultiplyType::BF16, "dense/64", 512, 512, 60};
  auto stagesOf = [&](double density) {
    key.density = density;
    const TuningRow *row = table.lookup(key);
    return row ? row->stages : 0;
  };
  EXPECT_EQ(stagesOf(0), 4);
  EXPECT_EQ(stagesOf(0.1), 5);
  EXPECT_EQ(stagesOf(0.25), 0);
  EXPECT_EQ(stagesOf(0.5), 6);
  // Rows without one come first, and end in front of it.
  EXPECT_EQ(table.str(),
            kHeader + "sm_90a,bf16,dense/64,512,512,32,64,64,1,7,1,1,7.000\n"
                      "sm_90a,bf16,dense/64,512,512,64,64,64,1,4,1,1,9.000\n"
                      "sm_90a,bf16,dense/64,512,512,64,64,64,1,5,1,1,2.000,"
                      "0.1\n"
                      "sm_90a,bf16,dense/64,512,512,64,64,64,1,6,1,1,5.000,"
                      "0.5\n");
  EXPECT_EQ(parse(table.str().substr(kHeader.size())).str(), table.str());
}

TEST(TuningTable, TablesWithoutDensitiesStayReadable) {
  std::string header = TuningTable::kHeader.str();
  header = header.substr(0, header.rfind(','));
  EXPECT_EQ(
      parseError(header + "\nsm_90a,bf16,dense,64,64,16,64,16,1,4,1,1,2.5\n"),
      "no error");
}

TEST(TuningTable, RefusesDensities) {
  auto errorOf = [](const std::string &format, const std::string &density) {
    return parseError(kHeader + "sm_90a,bf16," + format +
                      ",64,64,16,64,16,1,4,1,1,2.5," + density + "\n");
  };
  EXPECT_EQ(errorOf("dense/64", "0.75"), "no error");
  for (const char *density : {"0", "0.3", "2", "x"}) {
    EXPECT_EQ(errorOf("dense/64", density),
              "line 2: expected a density among 0.05, 0.1, 0.25, 0.5, 0.75, "
              "0.9, 1, but got \"" +
                  std::string(density) + "\"");
  }
  EXPECT_EQ(errorOf("2:4", "0.5"),
            "line 2: expected a density only beside lists, such as dense/128, "
            "but got one beside \"2:4\"");
}

TEST(TuningTable, SetReplacesAndSorts) {
  TuningTable table = makeTable({1024, 16});
  TuningRow row = table.getRows()[1];
  EXPECT_EQ(row.key.columns, 1024);
  row.stages = 3;
  table.set(row);
  EXPECT_EQ(table.getRows().size(), 2u);
  EXPECT_EQ(table.lookup(makeKey(1024))->stages, 3);
  row.key.type = MultiplyType::F16;
  table.set(row);
  row.key.type = MultiplyType::BF16;
  row.key.rows = 64;
  table.set(row);
  EXPECT_EQ(table.str(), kHeader +
                             "sm_90a,bf16,2:4,64,8192,1024,128,64,2,3,1,1,"
                             "10.000\n"
                             "sm_90a,bf16,2:4,4096,8192,16,128,64,2,9,1,1,"
                             "10.000\n"
                             "sm_90a,bf16,2:4,4096,8192,1024,128,64,2,3,1,1,"
                             "10.000\n"
                             "sm_90a,f16,2:4,4096,8192,1024,128,64,2,3,1,1,"
                             "10.000\n");
}

TEST(TuningTable, TheBuiltinOneIsSortedAndOfItsFile) {
  for (const TuningRow &row : getBuiltinTuningTable().getRows()) {
    EXPECT_EQ(getBuiltinTuningTable().lookup(row.key), &row);
  }
}

TEST_F(TuningFile, RoundTrips) {
  TuningTable table = makeTable({1024, 16});
  ASSERT_EQ(llvm::toString(table.write(file)), "");
  // Over an existing file, and without leaving another.
  table.set({makeKey(77), 64, 80, 1, 5, 1, 2, 0.125});
  ASSERT_EQ(llvm::toString(table.write(file)), "");
  EXPECT_EQ(countFiles(), 1);
  llvm::Expected<TuningTable> read = TuningTable::read(file);
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(read->str(), table.str());
  EXPECT_EQ(lookup(*read, 70), 77);
}

TEST_F(TuningFile, ErrorsNameTheFile) {
  llvm::Expected<TuningTable> missing = TuningTable::read(file);
  ASSERT_FALSE(static_cast<bool>(missing));
  EXPECT_EQ(llvm::toString(missing.takeError()),
            "expected to read '" + file +
                "', but got: No such file or directory");
  {
    std::error_code code;
    llvm::raw_fd_ostream stream(file, code);
    stream << kHeader << "x\n";
  }
  llvm::Expected<TuningTable> wrong = TuningTable::read(file);
  ASSERT_FALSE(static_cast<bool>(wrong));
  EXPECT_EQ(llvm::toString(wrong.takeError()),
            file + ": line 2: expected 13 or 14 fields, but got 1");
  std::string nowhere = file + "/no/table.csv";
  std::string problem = llvm::toString(TuningTable().write(nowhere));
  EXPECT_EQ(problem.rfind("expected to write '" + nowhere + "', but got: ", 0),
            0u)
      << problem;
}
