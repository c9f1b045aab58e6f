#include "unit.h"
#include "import/site.h"
int
suite_topology(void)
{
	return 0;
}
