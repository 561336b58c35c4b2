#pragma once

#include <stdexcept>
#include <string>

namespace flambeau {

// A failure that becomes a typed JavaScript error; `code` is what src/errors.ts maps to a class.
class Failure : public std::runtime_error {
 public:
  Failure(const char* code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;
};

// For what only a mistake of ours can break: rules of the operations make sure of it.
inline void require_internal(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

}  // namespace flambeau
