#include "unit.h"
int
suite_topology_hostile(void)
{
	return 0;
}
