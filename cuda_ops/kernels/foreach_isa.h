// Includes OPS_BODY once per instruction set, in the namespaces ops_base, ops_avx2 and ops_avx512; with OPS_LEVEL only in one.
#if !defined(OPS_LEVEL) || OPS_LEVEL == 0
namespace ops_base {
#include OPS_BODY
}
#endif
#if !defined(OPS_LEVEL) || OPS_LEVEL == 1
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2")
namespace ops_avx2 {
#include OPS_BODY
}
#pragma GCC pop_options
#endif
#if !defined(OPS_LEVEL) || OPS_LEVEL == 2
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,bmi,bmi2,prefer-vector-width=512")
namespace ops_avx512 {
#include OPS_BODY
}
#pragma GCC pop_options
#endif
#undef OPS_BODY
