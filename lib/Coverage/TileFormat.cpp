//===- TileFormat.cpp - Arithmetic of the layouts inside a stored tile ----===//

#include "sparsity/Coverage/TileFormat.h"

#include <functional>

using namespace mlir::sparsity;

TileFormat TileFormat::dense() { return TileFormat(); }

TileFormat TileFormat::nOfM(int64_t n, int64_t m, int64_t axis) {
  TileFormat format;
  format.kind = Kind::NOfM;
  format.n = n;
  format.m = m;
  format.axis = axis;
  return format;
}

TileFormat TileFormat::bitmap(int64_t rows, int64_t columns) {
  TileFormat format;
  format.kind = Kind::Bitmap;
  format.rows = rows;
  format.columns = columns;
  return format;
}

bool TileFormat::operator==(const TileFormat &other) const {
  return kind == other.kind && n == other.n && m == other.m &&
         axis == other.axis && rows == other.rows && columns == other.columns;
}

size_t TileFormat::hash() const {
  size_t seed = static_cast<size_t>(kind);
  for (int64_t value : {n, m, axis, rows, columns}) {
    seed = seed * 1099511628211u + std::hash<int64_t>()(value);
  }
  return seed;
}

std::string TileFormat::str() const {
  switch (kind) {
  case Kind::Dense:
    return "dense";
  case Kind::NOfM:
    return "n_of_m<" + std::to_string(n) + ":" + std::to_string(m) +
           ", axis = " + std::to_string(axis) + ">";
  case Kind::Bitmap:
    return rows == 0 && columns == 0 ? "bitmap"
                                     : "bitmap<" + std::to_string(rows) + "x" +
                                           std::to_string(columns) + ">";
  }
  return "";
}

int64_t TileFormat::groups(int64_t extent) const {
  if (extent <= 0) {
    return 0;
  }
  if (kind != Kind::NOfM || m <= 1) {
    return extent;
  }
  return extent / m + (extent % m != 0);
}

int64_t TileFormat::storedExtent(int64_t extent) const {
  if (extent <= 0) {
    return 0;
  }
  if (kind != Kind::NOfM || n < 0) {
    return extent;
  }
  return groups(extent) * n;
}

unsigned TileFormat::indexBits() const {
  if (kind != Kind::NOfM) {
    return 0;
  }
  if (m <= 2) {
    return 1;
  }
  return m <= 4 ? 2 : 4;
}

double TileFormat::storedBytesRatio(unsigned elementBits,
                                    double density) const {
  if (elementBits == 0) {
    return 1.0;
  }
  switch (kind) {
  case Kind::Dense:
    return 1.0;
  case Kind::NOfM:
    if (m < 1 || n < 0) {
      return 1.0;
    }
    return static_cast<double>(n) * (elementBits + indexBits()) /
           (static_cast<double>(m) * elementBits);
  case Kind::Bitmap:
    return density + 1.0 / elementBits;
  }
  return 1.0;
}
