import com.squareup.moshi.adapter
import org.openapitools.client.apis.BoardsApi
import org.openapitools.client.apis.PlayersApi
import org.openapitools.client.apis.ScoresApi
import org.openapitools.client.infrastructure.ApiClient
import org.openapitools.client.infrastructure.ClientError
import org.openapitools.client.infrastructure.ClientException
import org.openapitools.client.infrastructure.Serializer
import org.openapitools.client.models.AddScoreBody
import org.openapitools.client.models.Problem
import org.openapitools.client.models.RegisterBody
import org.openapitools.client.models.SubmitScoreBody

fun refuse(call: () -> Any) {
    try {
        call()
    } catch (refusal: ClientException) {
        val body = (refusal.response as ClientError<*>).body as String
        val problem = Serializer.moshi.adapter(Problem::class.java).fromJson(body)!!
        println("${problem.status} ${problem.code}")
    }
}

fun main() {
    val url = System.getenv("LEADERBOARD_URL")
    val userId = "kotlin-${System.nanoTime()}"
    ApiClient.accessToken = PlayersApi(url).register(RegisterBody(userId, "Ada", "EU")).token
    val boards = BoardsApi(url)
    val scores = ScoresApi(url)

    val entry = scores.submitScore(SubmitScoreBody(score = 9007199254740991.0))
    println("submitted %.0f".format(entry.score))
    val rank = boards.getRank(userId, ties = BoardsApi.TiesGetRank.shared)
    println("rank ${rank.rank} of %.0f".format(rank.score))
    println("top %.0f".format(boards.getTop(limit = 1).propertyEntries[0].score))
    val board = boards.readBoard("main")
    println("board ${board.id}, bounds ${if (board.bounds == null) "none" else "some"}")
    refuse { boards.getRank("nobody") }
    refuse { scores.addScore(AddScoreBody(delta = 1.0)) }
}
