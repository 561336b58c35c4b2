// The functions of NVRTC that we call: the C++ compiler that built the addon compiles the source
// into a shared library, which runs on the processor (library.cc).
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"
#include "nvrtc.h"

extern char** environ;

namespace flambeau::cuda::nvrtc {

struct OpaqueProgram {
  std::string source, name;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string log, code;
};

namespace {

// A folder that is gone with its owner.
class Folder {
 public:
  Folder() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base && *base ? base : "/tmp") + "/flambeau-nvrtc-XXXXXX";
    if (!mkdtemp(path_.data())) path_.clear();
  }
  ~Folder() {
    for (const std::string& file : files_) unlink(at(file).c_str());
    if (!path_.empty()) rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string at(const std::string& file) const { return path_ + "/" + file; }
  void will_have(const std::string& file) { files_.push_back(file); }
  bool write(const std::string& file, const std::string& text) {
    will_have(file);
    std::ofstream out(at(file), std::ios::binary);
    out << text;
    return static_cast<bool>(out);
  }
  std::string read(const std::string& file) const {
    std::ifstream in(at(file), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

// Runs a program with its output in a file; its exit status, or -1.
int run(std::vector<std::string> command, const std::string& output) {
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, output.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int error = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Does the setting FLAMBEAU_EMULATED_NVRTC say so?
bool is_wanted(const char* what) {
  const char* const wanted = std::getenv("FLAMBEAU_EMULATED_NVRTC");
  return wanted && std::strcmp(wanted, what) == 0;
}

Result version(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return kSuccess;
}

Result create_program(Program* program, const char* source, const char* name, int headers,
                      const char* const* texts, const char* const* names) {
  if (!program || !source) return kInvalidInput;
  *program = new OpaqueProgram{source, name ? name : "default_program", {}, {}, {}};
  for (int i = 0; i < headers; ++i) (*program)->headers.emplace_back(names[i], texts[i]);
  return kSuccess;
}

Result compile_program(Program program, int count, const char* const* options) {
  std::string standard;
  bool joins = true;  // products and sums
  for (int i = 0; i < count; ++i) {
    const std::string option = options[i];
    if (option.starts_with("--std=")) {
      standard = option.substr(1);
    } else if (option == "--fmad=false") {
      joins = false;
    } else if (!option.starts_with("--gpu-architecture=sm_")) {
      return kInvalidOption;
    }
  }
  // Results are to be those of kernels that are compiled without that.
  if (joins) return kInvalidOption;
  if (is_wanted("broken")) {
    program->log = "the emulated device is to have an NVRTC that refuses everything";
    return kCompilation;
  }
  Folder folder;
  for (const auto& [name, text] : program->headers)
    if (!folder.write(name, text)) return kInvalidInput;
  if (!folder.write("kernel.cc", program->source)) return kInvalidInput;
  folder.will_have("kernel.so");
  folder.will_have("log");
  // Without the headers of C++, as NVRTC.
  const int status =
      run({FLAMBEAU_HOST_COMPILER, standard, "-O1", "-w", "-fPIC", "-shared", "-nostdinc++",
           "-fno-math-errno", "-fvisibility=hidden", "-DFLAMBEAU_EMULATED", "-I", folder.at("."),
           "-o", folder.at("kernel.so"), folder.at("kernel.cc")},
          folder.at("log"));
  program->log = folder.read("log");
  if (status != 0) return kCompilation;
  const std::string code = folder.read("kernel.so");
  const uint64_t bytes = code.size();
  program->code.assign(reinterpret_cast<const char*>(&bytes), sizeof bytes);
  program->code += code;
  return kSuccess;
}

Result destroy_program(Program* program) {
  delete *program;
  *program = nullptr;
  return kSuccess;
}

Result log_size(Program program, size_t* bytes) {
  *bytes = program->log.size() + 1;
  return kSuccess;
}
Result log(Program program, char* text) {
  std::memcpy(text, program->log.c_str(), program->log.size() + 1);
  return kSuccess;
}
Result code_size(Program program, size_t* bytes) {
  *bytes = program->code.size();
  return program->code.empty() ? kInvalidInput : kSuccess;
}
Result code(Program program, char* to) {
  std::copy(program->code.begin(), program->code.end(), to);
  return kSuccess;
}

const char* error_string(Result result) {
  switch (result) {
    case kSuccess: return "NVRTC_SUCCESS";
    case kInvalidInput: return "NVRTC_ERROR_INVALID_INPUT";
    case kInvalidOption: return "NVRTC_ERROR_INVALID_OPTION";
    case kCompilation: return "NVRTC_ERROR_COMPILATION";
  }
  return "NVRTC_ERROR unknown";
}

Result architecture_count(int* count) {
  *count = 3;
  return kSuccess;
}
Result architectures(int* list) {
  list[0] = 75;
  list[1] = 80;
  list[2] = 90;
  return kSuccess;
}

}  // namespace

Functions fake_functions() {
  if (is_wanted("none"))
    throw Failure("ERR_DEVICE", "NVRTC was not found: the emulated device is to be without it");
  if (access(FLAMBEAU_HOST_COMPILER, X_OK) != 0)
    throw Failure("ERR_DEVICE",
                  "NVRTC of the emulated device is the C++ compiler that the addon was "
                  "compiled with, and there is no " FLAMBEAU_HOST_COMPILER " any more");
  return {version,         create_program,
          compile_program, destroy_program,
          log_size,        log,
          code_size,       code,
          code_size,       code,
          error_string,    architecture_count,
          architectures};
}

}  // namespace flambeau::cuda::nvrtc
