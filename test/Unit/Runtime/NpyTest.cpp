//===- NpyTest.cpp - .npy files written, read and refused -----------------===//

#include "sparsity/Runtime/Npy.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace mlir::sparsity::runtime;
namespace fs = std::filesystem;

namespace {
class Npy : public testing::Test {
protected:
  void SetUp() override {
    const testing::TestInfo *info =
        testing::UnitTest::GetInstance()->current_test_info();
    directory =
        fs::temp_directory_path() /
        ("sparsity-npy-" + std::to_string(getpid()) + "-" + info->name());
    fs::create_directories(directory);
    path = (directory / "x.npy").string();
  }
  void TearDown() override { fs::remove_all(directory); }

  void write(const std::string &contents) {
    std::ofstream(path, std::ios::binary) << contents;
  }
  std::string slurp() {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  /// A version 1.0 file with the given dict and data.
  static std::string file(const std::string &dict, const std::string &data) {
    std::string text = "\x93NUMPY";
    text += '\x01';
    text += '\x00';
    text += static_cast<char>(dict.size() & 0xff);
    text += static_cast<char>(dict.size() >> 8);
    return text + dict + data;
  }
  static std::string dict(const std::string &descr, const std::string &shape) {
    return "{'descr': '" + descr +
           "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  }
  std::string readError(std::optional<ElementType> expected = std::nullopt) {
    return readNpy(path, expected).status().message;
  }
  std::string quoted() const { return "'" + path + "'"; }

  fs::path directory;
  std::string path;
};
} // namespace

TEST_F(Npy, EveryTypeAndRankComesBack) {
  for (int32_t number = 0; auto type = elementTypeFromInt(number); ++number) {
    for (const std::vector<int64_t> &shape :
         {std::vector<int64_t>{}, {5}, {0}, {3, 0, 2}, {2, 3, 4}}) {
      int64_t bytes = getElementSize(*type);
      for (int64_t size : shape) {
        bytes *= size;
      }
      std::vector<uint8_t> data(bytes);
      for (int64_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<uint8_t>(37 * i + number);
      }
      Status status = writeNpy(path, *type, shape, data.data());
      ASSERT_TRUE(status.ok()) << status.message;
      StatusOr<NpyArray> array = readNpy(path, type);
      ASSERT_TRUE(array.ok()) << array.status().message;
      EXPECT_EQ(array->elementType, *type);
      EXPECT_EQ(array->shape, shape);
      EXPECT_EQ(array->data, data);
      StatusOr<NpyArray> untyped = readNpy(path);
      ASSERT_TRUE(untyped.ok());
      ElementType byDefault =
          *type == ElementType::F8E5M2 ? ElementType::F8E4M3FN : *type;
      EXPECT_EQ(untyped->elementType, byDefault);
    }
  }
}

TEST_F(Npy, WritesWhatNumpyWrites) {
  const float data[] = {1, 2, 3};
  ASSERT_TRUE(writeNpy(path, ElementType::F32, {3}, data).ok());
  std::string contents = slurp();
  // numpy.save(numpy.array([1, 2, 3], "f4")).
  std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  ASSERT_EQ(contents.size(), 128u + 12u);
  EXPECT_EQ(contents.substr(0, 10),
            std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(contents.substr(10, header.size()), header);
  EXPECT_EQ(contents[127], '\n');
  EXPECT_EQ(std::memcmp(contents.data() + 128, data, 12), 0);
}

TEST_F(Npy, ReadsVersion2AndOtherSpellings) {
  std::string header =
      "{\"shape\":(2 , ),\"fortran_order\":False,\"descr\":\"<V2\"}";
  std::string text = std::string("\x93NUMPY\x02\x00", 8);
  text += static_cast<char>(header.size());
  text += std::string(3, '\0');
  write(text + header + "abcd");
  StatusOr<NpyArray> array = readNpy(path);
  ASSERT_TRUE(array.ok()) << array.status().message;
  EXPECT_EQ(array->elementType, ElementType::BF16);
  EXPECT_EQ(array->shape, std::vector<int64_t>{2});
  EXPECT_EQ(array->data, (std::vector<uint8_t>{'a', 'b', 'c', 'd'}));
}

TEST_F(Npy, WriteIsWholeOrNotAtAll) {
  const float data[] = {1, 2, 3};
  std::string missing = (directory / "missing" / "x.npy").string();
  EXPECT_EQ(writeNpy(missing, ElementType::F32, {3}, data).message,
            "expected a writable file '" + missing +
                "', but got No such file or directory");
  // The target is a directory: the rename fails, and no temporary stays.
  fs::create_directories(path);
  Status status = writeNpy(path, ElementType::F32, {3}, data);
  EXPECT_EQ(status.message, "expected to write 140 bytes to " + quoted() +
                                ", but got Is a directory");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory), {}), 1);
  EXPECT_NE(writeNpy(path, ElementType::F32, {INT64_MAX, 2}, data)
                .message.find("expected sizes of a tensor"),
            std::string::npos);
}

TEST_F(Npy, RefusesWhatIsNotANpyFile) {
  EXPECT_EQ(readError(), "expected a readable file " + quoted() +
                             ", but got No such file or directory");
  write("\x93NUM");
  EXPECT_EQ(readError(), "expected 8 bytes of magic string and version in " +
                             quoted() + ", but got 4");
  write("PK\x03\x04 and more");
  EXPECT_EQ(readError(), "expected " + quoted() +
                             " to start with the magic string of a .npy file, "
                             "but got other bytes");
  write(std::string("\x93NUMPY\x03\x00", 8));
  EXPECT_EQ(readError(), "expected version 1 or 2 of the .npy format in " +
                             quoted() + ", but got 3.0");
  write(std::string("\x93NUMPY\x01\x00\x10", 9));
  EXPECT_EQ(readError(),
            "expected 2 bytes of header length in " + quoted() + ", but got 1");
  write(std::string("\x93NUMPY\x01\x00\x10\x00{'descr'", 18));
  EXPECT_EQ(readError(),
            "expected 16 bytes of header in " + quoted() + ", but got 8");
  write(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12));
  EXPECT_EQ(readError(), "expected a header of at most 1048576 bytes in " +
                             quoted() + ", but got 4294967295");
}

TEST_F(Npy, RefusesBadHeaders) {
  const std::string bad[] = {
      "",
      "{}",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': "
      "(99999999999999999999,)}",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
      "{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}",
      "{'descr': '<f4",
  };
  for (const std::string &header : bad) {
    write(file(header, "abcd"));
    EXPECT_EQ(readError(), "expected a header with descr, fortran_order and "
                           "shape in " +
                               quoted() + ", but got \"" + header + "\"");
  }
}

TEST_F(Npy, RefusesOtherOrdersTypesAndSizes) {
  write(
      file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1)}", "abcd"));
  EXPECT_EQ(readError(), "expected C order in " + quoted() +
                             ", but got fortran_order: True (save it through "
                             "numpy.ascontiguousarray)");
  write(file(dict(">f4", "(1,)"), "abcd"));
  EXPECT_EQ(readError(),
            "expected little-endian data in " + quoted() + ", but got '>f4'");
  write(file(dict("<c8", "(1,)"), "abcdefgh"));
  EXPECT_EQ(readError(),
            "expected data of f2, f4, f8, i1, i4, i8, b1, u1 or u2 in " +
                quoted() + ", but got '<c8'");
  write(file(dict("<f4", "(1,)"), "abcd"));
  EXPECT_EQ(readError(ElementType::BF16),
            "expected '<u2' data (bf16) in " + quoted() + ", but got '<f4'");
  write(file(dict("<f4", "(2, 3)"), "abcd"));
  EXPECT_EQ(readError(),
            "expected 24 bytes of data in " + quoted() + ", but got 4");
  write(file(dict("<f4", "()"), "abcdefgh"));
  EXPECT_EQ(readError(),
            "expected 4 bytes of data in " + quoted() + ", but got 8");
  write(file(dict("<f4", "(4611686018427387904, 2)"), "abcd"));
  EXPECT_EQ(readError(), "expected a tensor of less than 2^63 bytes in " +
                             quoted() +
                             ", but got shape (4611686018427387904, 2) of f32");
}
