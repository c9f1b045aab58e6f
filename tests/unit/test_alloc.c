#include "unit.h"
int suite_alloc(void){return 0;}
