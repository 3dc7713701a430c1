# Linked by our own targets only, not by third-party code.
add_library(tvr_warnings INTERFACE)
target_compile_options(tvr_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(TVR_WERROR)
  target_compile_options(tvr_warnings INTERFACE -Werror)
endif()
