#include "attention_tensor_query_grad.h"

namespace flambeau::cuda {

template void tensor_query_grad<BFloat16>(Call&, const AttentionShape&, const AttentionGradient&);

}  // namespace flambeau::cuda
