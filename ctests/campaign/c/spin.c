/*
 * Keeps one core busy until it is ended.
 */
int main(void)
{
	volatile unsigned long n = 0;

	for (;;)
		n++;
}
