// Includes OPS_BODY once per instruction set, in the namespaces ops_base, ops_avx2 and ops_avx512.
namespace ops_base {
#include OPS_BODY
}
#ifdef OPS_X86
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2")
namespace ops_avx2 {
#include OPS_BODY
}
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,bmi,bmi2,prefer-vector-width=512")
namespace ops_avx512 {
#include OPS_BODY
}
#pragma GCC pop_options
#endif
#undef OPS_BODY
