// Loads, stores and activations on single values; the compiler makes vectors of the loops around them.
using ops::bfloat16;

#define OPS_FORCE static inline __attribute__((always_inline))

template <class T>
struct Sum {
  typedef float type;
};
template <>
struct Sum<double> {
  typedef double type;
};

OPS_FORCE float load(const float* p) { return *p; }
OPS_FORCE double load(const double* p) { return *p; }
OPS_FORCE float load(const bfloat16* p) {
  uint32_t bits = (uint32_t)p->bits << 16;
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

OPS_FORCE void store(float* p, float v) { *p = v; }
OPS_FORCE void store(double* p, double v) { *p = v; }
OPS_FORCE void store(bfloat16* p, float v) {
  uint32_t bits;
  __builtin_memcpy(&bits, &v, 4);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;  // to nearest, ties to even
  p->bits = (bits & 0x7fffffffu) > 0x7f800000u ? (uint16_t)0x7fc0u : (uint16_t)rounded;
}

template <class A>
OPS_FORCE A limited(A v, A clamp) {  // a NaN stays one
  v = v > clamp ? clamp : v;
  return v < -clamp ? -clamp : v;
}
