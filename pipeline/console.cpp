#include "pipeline/console.h"
