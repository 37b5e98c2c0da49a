// What the bindings ask of torch, over its stable ABI alone: a library built once serves every torch from 2.11 on.
#pragma once
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

namespace {

using std::optional;
using torch::headeronly::MemoryFormat;
using torch::headeronly::ScalarType;
using torch::stable::Tensor;

inline bool is_channels_last(const Tensor& x) {
  if (x.dim() != 4) return false;
  int64_t expected = 1;
  for (int64_t dim : {1, 3, 2, 0}) {
    if (x.size(dim) == 1) continue;
    if (x.stride(dim) != expected) return false;
    expected *= x.size(dim);
  }
  return true;
}

// Whether the memory says channels last; what may be read either way counts as contiguous.
inline bool lies_channels_last(const Tensor& x) { return is_channels_last(x) && !x.is_contiguous(); }

inline Tensor dense(const Tensor& x) { return x.is_contiguous() ? x : torch::stable::contiguous(x); }

inline Tensor channels_last(const Tensor& x) {
  return is_channels_last(x) ? x : torch::stable::contiguous(x, MemoryFormat::ChannelsLast);
}

inline Tensor converted(const Tensor& x, ScalarType type) {
  return x.scalar_type() == type ? x : torch::stable::to(x, type);
}

template <class List>
bool equal(const List& a, const List& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

// An image of n c and a size of its own, in the type, on the device and in the layout of another.
inline Tensor empty_image(const Tensor& like, int64_t height, int64_t width) {
  std::vector<int64_t> size = {like.size(0), like.size(1), height, width};
  auto format = lies_channels_last(like) ? MemoryFormat::ChannelsLast : MemoryFormat::Contiguous;
  return torch::stable::empty(size, like.scalar_type(), std::nullopt, like.device(), std::nullopt, format);
}

}  // namespace
