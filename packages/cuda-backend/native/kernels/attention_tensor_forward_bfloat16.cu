#include "attention_tensor_forward.h"

namespace flambeau::cuda {

template void tensor_forward<BFloat16>(Call&, const AttentionShape&, const HeadMatrices&, float*);

}  // namespace flambeau::cuda
