# Writes a source file that holds the texts of headers: cmake -DOUTPUT=… -DHEADERS=a;b;… -P embed.cmake
set(entries "")
set(count 0)
foreach(header IN LISTS HEADERS)
  get_filename_component(name ${header} NAME)
  file(READ ${header} text)
  string(LENGTH "${text}" length)
  if(length GREATER 60000)
    message(FATAL_ERROR "${header} is longer than what compilers must take as one literal")
  endif()
  string(APPEND entries "    {\"${name}\", R\"flambeau(${text})flambeau\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Written by embed.cmake.
#include \"compile.h\"

namespace flambeau::cuda::fusion {

const Header kHeaders[] = {
${entries}};
const int kHeaderCount = ${count};

}  // namespace flambeau::cuda::fusion
")
