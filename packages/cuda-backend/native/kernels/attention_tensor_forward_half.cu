#include "attention_tensor_forward.h"

namespace flambeau::cuda {

template void tensor_forward<Half>(Call&, const AttentionShape&, const HeadMatrices&, float*);

}  // namespace flambeau::cuda
