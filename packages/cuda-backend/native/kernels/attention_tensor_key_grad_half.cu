#include "attention_tensor_key_grad.h"

namespace flambeau::cuda {

template void tensor_key_grad<Half>(Call&, const AttentionShape&, const AttentionGradient&, bool);

}  // namespace flambeau::cuda
