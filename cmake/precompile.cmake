# Glue code is compiled for short build times rather than speed: its large headers (flags, JSON, the test framework) are
# precompiled once per target, and it is optimised less. No code measured in tests/bench is in such a target.
function(tvr_precompile target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1> $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endfunction()
